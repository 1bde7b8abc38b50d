"""Statements as ISO 20022 camt.053, in the ledger's own words: a credit here is a credit there.

What only a part of all books has is refused rather than bent: assets that are no currencies, and
amounts finer than the currency's unit or longer than 18 digits.
"""

import hashlib
from base64 import b32encode
from collections.abc import Iterable
from typing import BinaryIO, Final

from bezant.formats import iso4217
from bezant.formats.camt053 import (
    ACCOUNT_ID_CHARACTERS_MAX,
    AMOUNT_MAX,
    BBAN,
    IBAN,
    REMITTANCE_CHARACTERS_MAX,
    Direction,
    OutgoingAccount,
    OutgoingBalance,
    OutgoingEntry,
    OutgoingStatement,
    OutgoingTotal,
    StatementWriter,
)
from bezant.ledger.history import Axis, Sums
from bezant.ledger.lane import transfer_id
from bezant.ledger.statements.domain import Content, Line, Statement, Totals
from bezant.ledger.statements.errors import StatementNotRepresentable

SCHEME: Final = "BEZANT"
"""Of account ids that stand as they are."""

HASHED_SCHEME: Final = "BEZANT-SHA256"
"""Of account ids that are too long to: the first 160 bits of their SHA-256, in base32."""

_HASH_BYTES: Final = 20

# Booked balances count by booking date, available ones by value date (ExternalBalanceType1Code).
_BALANCES: Final = {Axis.BOOKING: ("OPBD", "CLBD"), Axis.VALUE: ("OPAV", "CLAV")}


class Camt053File:
    """One message with one statement.

    Raises:
        StatementNotRepresentable: the format cannot say the statement.
    """

    def __init__(self, file: BinaryIO, statement: Statement, totals: Totals) -> None:
        self._statement = statement
        self._check()
        self._writer = StatementWriter(file, self._head(totals))

    def add(self, lines: Iterable[Line]) -> None:
        """Write the next entries.

        Raises:
            StatementNotRepresentable: the amount of one is finer than the currency's unit.
        """
        for line in lines:
            self._writer.add(self._entry(line))

    def close(self) -> None:
        """Write the end."""
        self._writer.close()

    def _check(self) -> None:
        if self._statement.period.axis not in _BALANCES:
            raise StatementNotRepresentable("camt.053 counts by booking or by value date.")
        if not iso4217.is_currency_code(self._statement.asset):
            raise StatementNotRepresentable(
                f"{self._statement.asset} is no ISO 4217 code, in which camt.053 counts."
            )

    def _head(self, totals: Totals) -> OutgoingStatement:
        statement = self._statement
        period = statement.period
        start, end = (each.astimezone(statement.zone) for each in period.instants(statement.zone))
        opens, closes = _BALANCES[period.axis]
        account = self._account()
        is_hashed = account.scheme == HASHED_SCHEME
        self._amount(totals.credits + totals.debits)  # the summary states their sum as well
        return OutgoingStatement(
            id=statement.id,
            electronic_number=self._number(),
            created_at=statement.known_at,
            period=(start, end.replace(microsecond=0)),
            account=account,
            currency=statement.asset,
            servicer=statement.book_name,
            opening=OutgoingBalance(opens, self._balance(statement.opening), period.start),
            closing=OutgoingBalance(closes, self._balance(statement.closing), period.end),
            credits=OutgoingTotal(totals.credit_count, self._amount(totals.credits)),
            debits=OutgoingTotal(totals.debit_count, self._amount(totals.debits)),
            information=f"Account {statement.account}" if is_hashed else "",
        )

    def _account(self) -> OutgoingAccount:
        printed = self._statement.printed
        if printed is None:
            return _account(self._statement.account)
        return OutgoingAccount(printed.number, IBAN if printed.is_iban else BBAN)

    def _number(self) -> int:
        statement = self._statement
        if statement.printed is not None:
            return statement.printed.sequence
        # Of one account, periods that follow each other have numbers that do; no state is kept.
        return int(f"{statement.period.start:%Y%m%d}{statement.period.end:%Y%m%d}")

    def _entry(self, line: Line) -> OutgoingEntry:
        entry, content = line.entry, line.content
        counterparty = _account(entry.counterparty)
        is_hashed = counterparty.scheme == HASHED_SCHEME
        return OutgoingEntry(
            amount=self._amount(entry.amount),
            direction=Direction.CREDIT if entry.direction == "credit" else Direction.DEBIT,
            booking_date=entry.booking_date,
            value_date=entry.value_date,
            reference=transfer_id(entry.transaction_id, entry.leg).hex,
            servicer_reference=entry.transaction_id.hex,
            code=entry.code,
            counterparty=counterparty,
            information=content.reason or "",
            remittance=tuple(_remittance(content)),
            detail=f"Account {entry.counterparty}" if is_hashed else "",
            payments=tuple(self._entry(Line(member, 0)) for member in line.members),
        )

    def _balance(self, sums: Sums) -> int:
        """Signed as the format has it: a credit is positive, whatever the account's type."""
        net = sums.credits_posted - sums.debits_posted
        return self._amount(net) if net >= 0 else -self._amount(-net)

    def _amount(self, minor_units: int) -> int:
        """Minor units of the asset as those of the currency."""
        statement = self._statement
        scale = iso4217.scale_of(statement.asset)
        amount: int
        rest: int
        amount, rest = divmod(minor_units * 10**scale, 10**statement.scale)
        if rest:
            raise StatementNotRepresentable(
                f"{statement.asset} has {scale} fraction digits; an amount of {minor_units} at"
                f" scale {statement.scale} is finer."
            )
        if amount > AMOUNT_MAX:
            raise StatementNotRepresentable(
                f"An amount has at most 18 digits in camt.053; {amount} has more."
            )
        return amount


def _account(account_id: str) -> OutgoingAccount:
    if len(account_id) <= ACCOUNT_ID_CHARACTERS_MAX:
        return OutgoingAccount(account_id, SCHEME)
    digest = hashlib.sha256(account_id.encode()).digest()[:_HASH_BYTES]
    return OutgoingAccount(b32encode(digest).decode(), HASHED_SCHEME)


def _remittance(content: Content) -> Iterable[str]:
    for key in sorted(content.metadata):
        text = f"{key}: {content.metadata[key]}"
        for start in range(0, len(text), REMITTANCE_CHARACTERS_MAX):
            yield text[start : start + REMITTANCE_CHARACTERS_MAX]
