"""The bank: books what is settled and what is ordered, and makes messages of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from bezant.formats.camt053 import (
    IBAN,
    NOTIFICATION,
    REPORT,
    STATEMENT,
    Direction,
    Kind,
    OutgoingAccount,
    OutgoingBalance,
    OutgoingEntry,
    OutgoingStatement,
    OutgoingTotal,
    StatementWriter,
)
from bezant.formats.iso20022 import pacs003, pacs008
from bezant.kernel.clock import Clock
from bezant.kernel.telemetry import Sensitive
from bezant.payments.rails.sepa.participants import full
from bezant.payments.sandbox.statements.accounts import EURO, Account, Booked, Made, Misbehaviour

Code = tuple[str, str, str]

_FRANKFURT: Final = ZoneInfo("Europe/Berlin")
_ONE_CENT: Final = 1

# Bank transaction codes: payments, received and issued; at once, or of the day; sent back.
_RECEIVED: Final[dict[str, Code]] = {
    "sct_inst": ("PMNT", "RRCT", "ESCT"),
    "sct": ("PMNT", "RCDT", "ESCT"),
}
_ISSUED: Final[dict[str, Code]] = {
    "sct_inst": ("PMNT", "IRCT", "ESCT"),
    "sct": ("PMNT", "ICDT", "ESCT"),
}
_INSTRUMENTS: Final = {"CORE": "ESDD", "B2B": "BBDD"}
_COLLECTED, _DEBITED = "IDDT", "RDDT"
_RETURNED, _REVERSED = "UPDD", "PRDD"
"""Of direct debits: those of the creditor, and of the debtor; unpaid or refunded, and reversed."""

_CAME_BACK: Final[Code] = ("PMNT", "ICDT", "RRTN")
_SENT_BACK: Final[Code] = ("PMNT", "RCDT", "RRTN")


@dataclass(frozen=True, slots=True, repr=False)
class _Moved(Sensitive):
    """What an entry on each side says.

    Attributes:
        is_reversal: whether it takes an earlier entry back.
    """

    debtor: pacs008.AccountOwner
    creditor: pacs008.AccountOwner
    reference: str
    end_to_end_id: str
    remittance: str
    is_reversal: bool = False


class StatementBank:
    """Accounts in euros, in memory.

    Args:
        clock: its days are those of Frankfurt, and end before when it is told.

    Attributes:
        accounts: by IBAN.
        today: the day on which it books.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.today = self._date()
        self.accounts: dict[str, Account] = {}

    def turn(self) -> None:
        """End the days that are over by the clock."""
        while self.today < self._date():
            self.end_day()

    def open(self, iban: str, servicer: str, opening: int, participant: str | None) -> Account:
        """Open an account, with a balance in minor units. One that is open stays as it is."""
        if iban not in self.accounts:
            bic = None if participant is None else full(participant)
            at = self._clock.now()
            self.accounts[iban] = Account(iban, servicer, at, opening, bic)
        return self.accounts[iban]

    def order(self, iban: str, entry: Booked) -> Booked:
        """Book an order on an account today; what was booked.

        Raises:
            KeyError: there is no such account.
        """
        booked = replace(entry, booking_date=self.today, reference=entry.reference or _reference())
        self.accounts[iban].book(booked)
        return booked

    def settled(self, scheme: str, terms: pacs008.CreditTransfer) -> None:
        """Book a transfer that a clearing system has settled, on whatever account it touches."""
        self.turn()
        codes = _ISSUED[scheme], _RECEIVED[scheme]
        self._move(_transferred(terms, terms.transaction_id), terms.amount, codes)

    def returned(self, terms: pacs008.CreditTransfer, amount: int) -> None:
        """Book that minor units of a transfer came back."""
        self.turn()
        self._move(_transferred(terms, _reference()), -amount, (_CAME_BACK, _SENT_BACK))

    def collected(self, message: pacs003.Collections) -> None:
        """Book a direct debit that a clearing system has settled, alone in its message."""
        self.turn()
        [terms] = message.collections
        kind = _INSTRUMENTS[message.instrument]
        self._debit(terms, terms.amount, kind, is_reversal=False)

    def collection_back(self, terms: pacs003.Collection, *, is_reversal: bool) -> None:
        """Book that a direct debit went back: returned, refunded, or reversed by its creditor.

        The entry carries the name of the collection, as the one that it takes back.
        """
        self.turn()
        kind = _REVERSED if is_reversal else _RETURNED
        self._debit(terms, -terms.amount, kind, is_reversal=True)

    def end_day(self) -> None:
        """End the day of every account, and make its statement."""
        for account in self.accounts.values():
            self._close(account)
        self.today += timedelta(1)

    def report(self, iban: str) -> bytes:
        """What is booked by now (camt.052).

        Raises:
            KeyError: there is no such account.
        """
        account = self.accounts[iban]
        number = account.days + 1
        head = self._head(account, f"{_short(iban)}-{number}-{len(account.today)}", number)
        balances = ("OPBD", account.opened), ("ITBD", account.balance)
        return self._written(REPORT, head, account.today, balances)

    def notification(self, iban: str, number: int) -> bytes:
        """One entry (camt.054), by its number from 1 on.

        Raises:
            KeyError: there is no such account, or no such entry.
        """
        account = self.accounts[iban]
        if not 0 < number <= len(account.notified):
            raise KeyError(number)
        head = self._head(account, f"{_short(iban)}-N{number}", number)
        return self._written(NOTIFICATION, head, account.notified[number - 1 : number], ())

    def _date(self) -> date:
        return self._clock.now().astimezone(_FRANKFURT).date()

    def _debit(
        self, terms: pacs003.Collection, amount: int, kind: str, *, is_reversal: bool
    ) -> None:
        codes = ("PMNT", _DEBITED, kind), ("PMNT", _COLLECTED, kind)
        moved = _Moved(
            terms.debtor, terms.creditor, terms.transaction_id, terms.end_to_end_id,
            terms.remittance or "", is_reversal=is_reversal,
        )  # fmt: skip
        self._move(moved, amount, codes)

    def _move(self, terms: "_Moved", amount: int, codes: tuple[Code, Code]) -> None:
        """Book from the debtor to the creditor, or back where the amount is negative.

        Args:
            terms: between whom.
            amount: minor units.
            codes: of the debtor's entry, and of the creditor's.
        """
        sides = (
            (terms.debtor, terms.creditor, -amount, codes[0]),
            (terms.creditor, terms.debtor, amount, codes[1]),
        )
        for own, other, moved, code in sides:
            for account in self.accounts.values():
                bic = account.participant
                touched = account.iban == own.iban if bic is None else bic == full(own.bic)
                if touched:
                    account.book(
                        Booked(
                            amount=moved,
                            booking_date=self.today,
                            value_date=self.today,
                            reference=terms.reference,
                            code=code,
                            name=other.name,
                            iban=other.iban,
                            end_to_end_id=terms.end_to_end_id,
                            remittance=terms.remittance,
                            is_reversal=terms.is_reversal,
                        )
                    )

    def _close(self, account: Account) -> None:
        account.days += 1
        misbehaviour = account.misbehaviours.popleft() if account.misbehaviours else None
        wrong = _ONE_CENT if misbehaviour is Misbehaviour.WRONG_CLOSING else 0
        head = self._head(account, f"{_short(account.iban)}-{account.days}", account.days)
        balances = ("OPBD", account.opened), ("CLBD", account.balance + wrong)
        content = self._written(STATEMENT, head, account.today, balances)
        account.publish(Made(account.days, head.id, content), misbehaviour)
        account.opened, account.opened_at = account.balance, self._clock.now()
        account.today = []

    def _head(self, account: Account, name: str, number: int) -> OutgoingStatement:
        now = self._clock.now().astimezone(_FRANKFURT)
        return OutgoingStatement(
            id=name,
            electronic_number=number,
            created_at=now,
            period=(account.opened_at.astimezone(_FRANKFURT), _not_before(account.opened_at, now)),
            account=OutgoingAccount(account.iban, IBAN),
            currency=EURO,
            servicer=account.servicer,
            opening=None,
            closing=None,
            credits=OutgoingTotal(0, 0),
            debits=OutgoingTotal(0, 0),
        )

    def _written(
        self, kind: Kind, head: OutgoingStatement, entries: Sequence[Booked],
        balances: Sequence[tuple[str, int]],
    ) -> bytes:  # fmt: skip
        stated = [OutgoingBalance(type_, amount, self.today) for type_, amount in balances]
        opening, closing = stated or (None, None)
        complete = replace(
            head,
            opening=opening,
            closing=closing,
            credits=_total([each.amount for each in entries if each.amount > 0]),
            debits=_total([-each.amount for each in entries if each.amount < 0]),
        )
        file = BytesIO()
        writer = StatementWriter(file, complete, kind)
        for each in entries:
            writer.add(_outgoing(each))
        writer.close()
        return file.getvalue()


def _transferred(terms: pacs008.CreditTransfer, reference: str) -> "_Moved":
    return _Moved(
        terms.debtor, terms.creditor, reference, terms.end_to_end_id, terms.remittance or ""
    )


def _outgoing(entry: Booked) -> OutgoingEntry:
    return OutgoingEntry(
        amount=abs(entry.amount),
        direction=Direction.CREDIT if entry.amount > 0 else Direction.DEBIT,
        booking_date=entry.booking_date,
        value_date=entry.value_date,
        reference=entry.reference,
        servicer_reference=entry.reference,
        code="",
        counterparty=OutgoingAccount(entry.iban, IBAN),
        remittance=(entry.remittance,) if entry.remittance else (),
        name=entry.name,
        end_to_end_id=entry.end_to_end_id,
        is_reversal=entry.is_reversal,
        standard_code=entry.code,
    )


def _total(amounts: Sequence[int]) -> OutgoingTotal:
    return OutgoingTotal(len(amounts), sum(amounts))


def _not_before(start: datetime, end: datetime) -> datetime:
    """Clocks of tests stand still, and periods do not end before they begin."""
    return max(start.astimezone(_FRANKFURT), end)


def _reference() -> str:
    return uuid4().hex


def _short(iban: str) -> str:
    """Enough of an account for the name of a message, which has 35 letters."""
    return iban[-10:]
