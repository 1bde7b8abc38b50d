"""What is posted for an entry: pure, so that it can be read and tested without a platform.

The bank account is an asset of the book's owner. What a counterparty pays in is credited to the
counterparty's account, a liability, until somebody says what it was for; what is paid out is
debited.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.cli.statement_import.pseudonyms import Pseudonyms
from bezant.formats.camt053 import AuditedStatement, Detail, Direction, Entry, Party, is_starting
from bezant.kernel.personal import masked
from bezant.ledger.schemas import (
    METADATA_MEMBERS_MAX,
    POSTINGS_MAX,
    AccountType,
    BatchTransaction,
    NewAccount,
    Posting,
)

OPENING_CODE: Final = "OPENING"

_CODE_CHARACTERS_MAX: Final = 32
_TEXT_CHARACTERS_MAX: Final = 1_000
_NO_DETAIL_MEMBERS: Final = 6


class StatementPlan:
    """How one statement is booked.

    Attributes:
        statement: what the file says.
        bank_account: the ledger account of the bank account.
        key: the upper half of the ids of its entries' transactions.
    """

    def __init__(self, statement: AuditedStatement, names: Pseudonyms, zone: ZoneInfo) -> None:
        self.statement = statement
        header = statement.header
        self.bank_account = names.bank_account(header.account, header.currency)
        self._currency = header.currency
        self._names = names
        self._zone = zone
        self.key = names.statement(self.bank_account, statement)

    @property
    def opening_id(self) -> UUID:
        """The transaction that `opening` would post."""
        return self._names.opening(self.bank_account)

    @property
    def entry_ids(self) -> list[UUID]:
        """The transactions of the booked entries, in order."""
        return [self._entry_id(at, digest) for at, digest in enumerate(self.statement.digests)]

    def accounts(self, transaction: BatchTransaction) -> Iterator[NewAccount]:
        """The accounts that a transaction needs and a book may not have yet."""
        for account in {a for leg in transaction.postings for a in (leg.debit, leg.credit)}:
            kind = _TYPES.get(account.partition(":")[0])
            if kind is not None:
                yield NewAccount(id=account, asset=self._currency, type=kind)

    def opening(self) -> BatchTransaction | None:
        """Bring in what was on the account before its first statement; None if that is nothing."""
        amount = self.statement.opening.own_amount
        if not amount:
            return None
        direction = Direction.CREDIT if amount > 0 else Direction.DEBIT
        other = f"opening-balances:{self._currency}"
        days = (self._opened_on, self._opened_on)
        return BatchTransaction(
            id=self.opening_id,
            postings=[self._leg(other, abs(amount), direction, OPENING_CODE, days)],
            effective_at=self._instant(self._opened_on, None),
        )

    @property
    def opening_movements(self) -> dict[tuple[date, date], int]:
        """What `opening` moves, by booking and value date."""
        return {(self._opened_on, self._opened_on): self.statement.opening.own_amount}

    @property
    def _opened_on(self) -> date:
        """The date of the earliest balance that tells of the opening: all of them find it then."""
        balances = self.statement.header.balances
        starting = [balance.date for balance in balances if is_starting(balance)]
        return min([self.statement.opening.date, *starting])

    def entry(self, entry: Entry, at: int, digest: bytes) -> BatchTransaction:
        """Book an entry: one posting, or one for each payment where the payments add up to it.

        Args:
            entry: one that moves money.
            at: its place among those of the statement, from 0.
            digest: `entry_digest` of it.
        """
        assert entry.booking_date is not None
        assert entry.value_date is not None
        days = (entry.booking_date, entry.value_date)
        code = re.sub(r"[^A-Za-z0-9_.-]", "-", str(entry.code))[:_CODE_CHARACTERS_MAX]
        split = self._split(entry)
        if split is None:
            split = [(self._single_counterparty(entry), entry.amount)]
        return BatchTransaction(
            id=self._entry_id(at, digest),
            postings=[
                self._leg(account, amount, entry.direction, code, days) for account, amount in split
            ],
            effective_at=self._instant(entry.booking_date, entry.booking_instant),
            metadata=_metadata(self.statement, entry),
        )

    def _entry_id(self, at: int, digest: bytes) -> UUID:
        return self._names.entry(self.key, at, digest)

    def _leg(
        self, other: str, amount: int, direction: Direction, code: str, days: tuple[date, date]
    ) -> Posting:
        """A credit on the account at the bank is a debit of the asset in its owner's book."""
        is_credit = direction is Direction.CREDIT
        return Posting(
            debit=self.bank_account if is_credit else other,
            credit=other if is_credit else self.bank_account,
            asset=self._currency,
            amount=str(amount),
            code=code,
            booking_date=days[0],
            value_date=days[1],
        )

    def _split(self, entry: Entry) -> list[tuple[str, int]] | None:
        """The payments behind an entry, if they are the entry: same currency, direction and sum."""
        amounts = [
            detail.amount.minor_units
            for detail in entry.details
            if detail.amount is not None
            and detail.amount.currency == entry.currency
            and detail.direction in {None, entry.direction}
        ]
        is_whole = len(amounts) == len(entry.details) and sum(amounts) == entry.amount
        if not is_whole or len(amounts) > POSTINGS_MAX:
            return None
        accounts = (self._counterparty(entry, detail) for detail in entry.details)
        return [pair for pair in zip(accounts, amounts, strict=True) if pair[1]]

    def _single_counterparty(self, entry: Entry) -> str:
        """The counterparty of an entry that is not split: the one that all its payments name."""
        found = {self._counterparty(entry, detail) for detail in entry.details}
        return found.pop() if len(found) == 1 else self._suspense

    def _counterparty(self, entry: Entry, detail: Detail) -> str:
        party = counterparty(entry, detail, self.statement.header.account.id)
        return self._names.counterparty(party, self._currency) if party else self._suspense

    @property
    def _suspense(self) -> str:
        """Money whose owner is not known yet. Each book has the account from the start."""
        return f"suspense:{self._currency}"

    def _instant(self, day: date, instant: datetime | None) -> datetime:
        """When it counts from: the bank's instant where it gives the zone, else the day."""
        if instant is not None and instant.tzinfo is not None:
            return instant
        return datetime.combine(day, time.min, tzinfo=self._zone)


_TYPES: Final = {
    "bank": AccountType.ASSET,
    "counterparty": AccountType.LIABILITY,
    "opening-balances": AccountType.EQUITY,
}


def counterparty(entry: Entry, detail: Detail, own_account: str) -> Party | None:
    """Who paid, for a credit; who was paid, for a debit; None when the bank does not say.

    A reversal names the parties as in the payment that it takes back, which was in the other
    direction (`RvslInd`). Some banks name them as in the reversal: the owner's own account tells.
    """
    debtor_first = (entry.direction is Direction.CREDIT) != entry.is_reversal
    first, second = detail.debtor, detail.creditor
    if not debtor_first:
        first, second = second, first
    is_owner = first.account == own_account and second.account != own_account
    if is_owner or (entry.is_reversal and not first.is_known):
        first = second
    return first if first.is_known and first.account != own_account else None


def _metadata(statement: AuditedStatement, entry: Entry) -> dict[str, str]:
    """The texts of an entry: whatever may name a person, kept where it can be erased.

    Of a collective entry, a member for each payment, for as many as there is room. Numbers of
    accounts and cards, addresses and telephone numbers are masked: the ledger takes none.
    """
    texts = {
        "statement": statement.header.id,
        "NtryRef": entry.reference,
        "AcctSvcrRef": entry.servicer_reference,
        "code": entry.code.proprietary,
        "information": entry.information,
    }
    if len(entry.details) == 1:
        texts = {**dict(_detail_texts(entry, entry.details[0])), **texts}
    elif entry.details:
        room = METADATA_MEMBERS_MAX - _NO_DETAIL_MEMBERS
        texts["payments"] = str(len(entry.details))
        for number, detail in enumerate(entry.details[:room], 1):
            lines = (f"{name}: {text}" for name, text in _detail_texts(entry, detail) if text)
            texts[f"payment.{number}"] = "\n".join(lines)
    return {name: _kept(text) for name, text in texts.items() if text}


def _kept(text: str) -> str:
    """As much of a text as there is room for. What is cut off may leave a number that was none."""
    kept = text[:_TEXT_CHARACTERS_MAX]
    while (clean := masked(kept)[:_TEXT_CHARACTERS_MAX]) != kept:
        kept = clean
    return kept


def _detail_texts(entry: Entry, detail: Detail) -> Iterator[tuple[str, str]]:
    debtor, creditor = detail.debtor, detail.creditor
    for role, party in (("debtor", debtor), ("creditor", creditor)):
        yield f"{role}.name", party.name
        yield f"{role}.account", party.account
        yield f"{role}.identification", party.identification
    yield from detail.references
    yield "remittance", detail.remittance
    if detail.amount is not None and detail.amount.minor_units != entry.amount:
        yield "amount", f"{detail.amount.minor_units} {detail.amount.currency}"
    yield "details", detail.information
