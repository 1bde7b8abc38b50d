"""Reading a CSV as one statement. Memory holds one row at a time, two where balances are told."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, Final

from bezant.formats.bank_statement import (
    Part,
    StatedBalance,
    StatementClosed,
    StatementLine,
    StatementOpened,
    StatementUnreadable,
    known_reference,
)
from bezant.formats.iso4217 import scale_of
from bezant.formats.statement_csv.cells import CellReader
from bezant.formats.statement_csv.mapping import CsvMapping
from bezant.kernel.money import format_units

CELL_CHARACTERS_MAX: Final = 4_000
LINE_CHARACTERS_MAX: Final = 1 << 16

_TEXTS: Final = (
    "code",
    "reference",
    "servicer_reference",
    "end_to_end_id",
    "remittance",
    "counterparty_name",
    "counterparty_account",
)
_Row = tuple[StatementLine, int | None]


def read_csv(source: BinaryIO, mapping: CsvMapping) -> Iterator[Part]:
    """The parts of a CSV: one statement, whose balances are known if a column tells them.

    Rows of amount zero and empty rows are no lines.

    Raises:
        StatementUnreadable: a row that does not read as the mapping says: naming row and column; a
            balance that does not follow from the one before.
    """
    text = io.TextIOWrapper(source, encoding=mapping.encoding, errors="strict", newline="")
    rows = _Rows(text, mapping)
    try:
        yield from _parts(_balanced(rows.read(), mapping), mapping)
    except UnicodeDecodeError:
        raise StatementUnreadable(rows.at, "-", f"It is not in {mapping.encoding}.") from None
    except csv.Error:
        raise StatementUnreadable(rows.at, "-", "A quoted text does not end, or is long.") from None
    finally:
        text.detach()


def _parts(rows: Iterator[_Row], mapping: CsvMapping) -> Iterator[Part]:
    """The statement around the rows: it is opened by the first, and closed by the last."""
    last: _Row | None = None
    oldest: _Row | None = None
    newest: _Row | None = None
    for row in rows:
        if last is None:
            yield StatementOpened(row[0].at, "", "", "", mapping.currency, _before(row, mapping))
            oldest = newest = row
        last = row
        if mapping.newest_first:
            oldest = row
        else:
            newest = row
        yield row[0]
    if last is None or oldest is None or newest is None:
        raise StatementUnreadable(1, "-", "It holds no line.")
    # Rows that go back in time end with the opening balance, which is known only here; that they
    # lead from one to the other was seen row by row.
    line, balance = newest
    closing = None if balance is None else StatedBalance(line.booking_date, balance)
    yield StatementClosed(last[0].at, closing, is_explained=mapping.newest_first)


def _before(row: _Row, mapping: CsvMapping) -> StatedBalance | None:
    line, balance = row
    if balance is None or mapping.newest_first:
        return None
    return StatedBalance(line.booking_date, balance - line.amount)


def _balanced(rows: Iterator[_Row], mapping: CsvMapping) -> Iterator[_Row]:
    """Pass rows on whose balances follow from each other."""
    before: _Row | None = None
    for row in rows:
        if before is not None:
            older, newer = (row, before) if mapping.newest_first else (before, row)
            _check(older, newer, mapping)
        before = row
        yield row


def _check(older: _Row, newer: _Row, mapping: CsvMapping) -> None:
    if older[1] is None or newer[1] is None or older[1] + newer[0].amount == newer[1]:
        return
    scale = scale_of(mapping.currency)
    come_to = format_units(older[1] + newer[0].amount, scale)
    raise StatementUnreadable(
        newer[0].at,
        mapping.columns.balance or "balance",
        f"It says {format_units(newer[1], scale)}; the balance before and the amount come to"
        f" {come_to}. Is `newest_first` right?",
    )


class _Rows:
    """The rows of a file, as lines and balances.

    Attributes:
        at: the line of the file that was read last.
    """

    def __init__(self, text: io.TextIOWrapper, mapping: CsvMapping) -> None:
        self._text = text
        self._mapping = mapping
        self._cells = CellReader(mapping)
        self._places: dict[str, int] = {}
        self.at = 1

    def read(self) -> Iterator[_Row]:
        mapping = self._mapping
        lines = self._lines()
        for _ in range(mapping.lines_before):
            next(lines, None)
        reader = csv.reader(lines, delimiter=mapping.delimiter, strict=True)
        self._find_columns(next(reader, []) if mapping.has_headings else None)
        no = 0
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            found = self._row(row, no + 1)
            if found is not None:
                no += 1
                yield found

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(LINE_CHARACTERS_MAX + 1):
            if len(line) > LINE_CHARACTERS_MAX:
                raise StatementUnreadable(
                    self.at, "-", f"A row is longer than {LINE_CHARACTERS_MAX} characters."
                )
            if "\0" in line:
                raise StatementUnreadable(self.at, "-", "It holds a NUL.")
            yield line.removeprefix("\ufeff") if self.at == 1 else line
            self.at += 1

    def _find_columns(self, headings: list[str] | None) -> None:
        columns = self._mapping.columns
        for name in columns.__struct_fields__:
            column = getattr(columns, name)
            if column is None:
                continue
            if headings is None:
                if not (column.isascii() and column.isdigit() and int(column)):
                    raise StatementUnreadable(
                        1, column, "Without headings a column is named by its number, from 1."
                    )
                self._places[name] = int(column) - 1
                continue
            stripped = [heading.strip() for heading in headings]
            if stripped.count(column) != 1:
                how = "twice" if column in stripped else "missing"
                raise StatementUnreadable(self.at, column, f"The heading is {how}.")
            self._places[name] = stripped.index(column)

    def _row(self, row: list[str], no: int) -> _Row | None:
        at = self.at
        amount = self._amount(row, at)
        if not amount:
            return None
        self._check_currency(row, at)
        booked = self._day(row, "booking_date", at)
        valued = self._cell(row, "value_date")
        texts = {name: self._cell(row, name)[:CELL_CHARACTERS_MAX] for name in _TEXTS}
        line = StatementLine(
            at=at,
            no=no,
            booking_date=booked,
            value_date=self._day(row, "value_date", at) if valued else booked,
            amount=amount,
            code=texts["code"],
            reference=known_reference(texts["reference"]),
            servicer_reference=known_reference(texts["servicer_reference"]),
            end_to_end_id=known_reference(texts["end_to_end_id"]),
            remittance=texts["remittance"],
            counterparty_name=texts["counterparty_name"],
            counterparty_account=texts["counterparty_account"],
        )
        return line, self._money(row, "balance", at)

    def _amount(self, row: list[str], at: int) -> int:
        if "amount" in self._places:
            amount = self._money(row, "amount", at)
            if amount is None:
                raise self._refusal("amount", at, "it is empty")
            return amount
        return (self._money(row, "credit", at) or 0) - abs(self._money(row, "debit", at) or 0)

    def _money(self, row: list[str], name: str, at: int) -> int | None:
        text = self._cell(row, name)
        if not text:
            return None
        try:
            return self._cells.amount(text)
        except ValueError as error:
            raise self._refusal(name, at, str(error)) from None

    def _day(self, row: list[str], name: str, at: int) -> date:
        try:
            return self._cells.day(self._cell(row, name))
        except ValueError as error:
            raise self._refusal(name, at, str(error)) from None

    def _check_currency(self, row: list[str], at: int) -> None:
        found = self._cell(row, "currency")
        if found and found != self._mapping.currency:
            raise self._refusal("currency", at, f"it is not {self._mapping.currency}")

    def _cell(self, row: list[str], name: str) -> str:
        place = self._places.get(name)
        return "" if place is None or place >= len(row) else row[place].strip()

    def _refusal(self, name: str, at: int, reason: str) -> StatementUnreadable:
        column = getattr(self._mapping.columns, name) or name
        return StatementUnreadable(at, str(column), f"The row cannot be read: {reason}.")
