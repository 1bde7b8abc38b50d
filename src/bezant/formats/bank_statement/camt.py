"""camt.053 as a stream of neutral parts, through its own reader and its own rules of balances."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, Final

from bezant.formats.bank_statement.errors import StatementUnreadable, Unbalanced
from bezant.formats.bank_statement.model import (
    Part,
    StatedBalance,
    StatementClosed,
    StatementLine,
    StatementOpened,
    known_reference,
)
from bezant.formats.camt053 import (
    Book,
    Detail,
    Direction,
    Entry,
    Party,
    StatementError,
    StatementHeader,
    closing_balance,
    explain,
    opening_balance,
    read_statements,
)
from bezant.formats.iso4217 import scale_of
from bezant.kernel.money import format_units

# In order of preference: the owner's name for the batch, the message, the instruction.
_OWN_REFERENCES: Final = ("PmtInfId", "MsgId", "InstrId")
_TEXT_CHARACTERS_MAX: Final = 4_000


def read_camt(source: BinaryIO) -> Iterator[Part]:
    """The parts of a camt.053 file. Only booked entries that move money are lines.

    Raises:
        StatementUnreadable: it is no sound camt.053.
        Unbalanced: neither by booking nor by value date do the entries lead to the closing balance.
    """
    try:
        yield from _read(source)
    except StatementError as error:
        raise StatementUnreadable(error.line, error.path, error.reason) from None


def _read(source: BinaryIO) -> Iterator[Part]:
    statement: _Statement | None = None
    for part in read_statements(source):
        if isinstance(part, StatementHeader):
            if statement is not None:
                yield statement.close()
            statement = _Statement(part)
            yield statement.opened()
        elif part.moves_money:
            assert statement is not None, "a header comes first"
            yield statement.line(part)
    if statement is not None:
        yield statement.close()


class _Statement:
    """The running sums of one statement."""

    def __init__(self, header: StatementHeader) -> None:
        self._header = header
        self._by_value: Counter[date] = Counter()
        self._no = 0
        opening, closing = opening_balance(header), closing_balance(header)
        if opening is None or closing is None:
            missing = "opening" if opening is None else "closing"
            raise StatementError(header.line, "Stmt/Bal", f"It has no {missing} balance.")
        self._opening, self._closing = opening, closing

    def opened(self) -> StatementOpened:
        header = self._header
        return StatementOpened(
            at=header.line,
            id=header.id,
            number=header.electronic_number or header.legal_number or "",
            account=header.account.id,
            currency=header.currency,
            opening=StatedBalance(self._opening.date, self._opening.own_amount),
        )

    def line(self, entry: Entry) -> StatementLine:
        # The reader refuses a booked entry without dates.
        assert entry.booking_date is not None
        assert entry.value_date is not None
        self._no += 1
        self._by_value[entry.value_date] += entry.movement
        party = _counterparty(entry)
        own = next((found for name in _OWN_REFERENCES if (found := _common(entry, name))), "")
        texts = (detail.remittance for detail in entry.details)
        return StatementLine(
            at=entry.line,
            no=self._no,
            booking_date=entry.booking_date,
            value_date=entry.value_date,
            amount=entry.movement,
            is_reversal=entry.is_reversal,
            code=str(entry.code),
            reference=own,
            servicer_reference=known_reference(entry.servicer_reference or entry.reference),
            end_to_end_id=_common(entry, "EndToEndId"),
            remittance="\n".join(filter(None, (*texts, entry.information)))[:_TEXT_CHARACTERS_MAX],
            counterparty_name=party.name,
            counterparty_account=party.account,
        )

    def close(self) -> StatementClosed:
        opening, closing = self._opening, self._closing
        total = self._by_value.total()

        def valued(day: date) -> int:
            moved = (amount for value, amount in self._by_value.items() if value <= day)
            return opening.own_amount + sum(moved)

        found = explain(closing, self._header, Book(opening.own_amount + total, valued))
        if found.basis is None:
            self._refuse(total)
        return StatementClosed(
            closing.line, StatedBalance(closing.date, closing.own_amount), is_explained=True
        )

    def _refuse(self, total: int) -> None:
        opening, closing, currency = self._opening, self._closing, self._header.currency

        def text(amount: int) -> str:
            return f"{format_units(amount, scale_of(currency))} {currency}"

        come_to = opening.own_amount + total
        raise Unbalanced(
            closing.line,
            "Stmt/Bal/Amt",
            f"{opening.type} {text(opening.own_amount)} and {self._no} booked entries come to"
            f" {text(come_to)}; {closing.type} says {text(closing.own_amount)}, a difference of"
            f" {text(closing.own_amount - come_to)}.",
            opening=opening.own_amount,
            movements=total,
            closing=closing.own_amount,
        )


def _common(entry: Entry, name: str) -> str:
    """A reference that all the payments behind an entry share; else nothing."""
    found = {dict(detail.references).get(name, "") for detail in entry.details}
    return known_reference(found.pop()) if len(found) == 1 else ""


def _counterparty(entry: Entry) -> Party:
    """The other side, where there is one payment behind the entry."""
    if len(entry.details) != 1:
        return Party()
    [detail] = entry.details
    return _debtor_or_creditor(detail, entry.direction)


def _debtor_or_creditor(detail: Detail, direction: Direction) -> Party:
    return detail.debtor if direction is Direction.CREDIT else detail.creditor
