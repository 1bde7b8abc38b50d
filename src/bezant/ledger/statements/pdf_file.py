"""Statements as PDF, as a bank prints them: letterhead, running balance, carried-forward sums."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from bezant.ledger.domain import Kind
from bezant.ledger.history import Axis
from bezant.ledger.lane import transfer_id
from bezant.ledger.statements.domain import Content, Line, Statement, Totals
from bezant.ledger.statements.pdf_sheet import (
    ACCENT,
    DATE_WIDTH,
    FOOTER,
    HAIRLINE,
    INK,
    MARGIN,
    MUTED,
    Columns,
    Sheet,
    in_glyphs,
    width,
)
from bezant.ledger.statements.pdf_text import grouped, wrapped

CONTENT_LINES_MAX: Final = 8
"""Of one entry's reason and metadata; what is longer ends with an ellipsis."""

_LINE: Final = 10
_ROW_GAP: Final = 5
_SUM_ROW: Final = 18
_SUMMARY_HEIGHT: Final = 118
_BOTTOM: Final = FOOTER + _SUM_ROW + 8

_CLOSING: Final = "Closing balance"
_AXES: Final = {
    Axis.BOOKING: "by booking date",
    Axis.VALUE: "by value date",
    Axis.EFFECTIVE: "by effective date",
}
_KINDS: Final = {Kind.POSTED: "Transfer", Kind.CAPTURED: "Captured hold"}


class PdfFile:
    """One statement on as many pages as it takes."""

    def __init__(self, file: BinaryIO, statement: Statement, totals: Totals) -> None:
        self._statement = statement
        self._totals = totals
        self._columns = Columns.of(statement, totals)
        period = statement.period
        title = f"Account statement {statement.shown} {period.start} to {period.end}"
        self._sheet = Sheet(file, self._columns.page, title, statement.known_at)
        self._moved = Totals()
        self._balance = statement.opening_balance
        self._y = 0
        self._letterhead()
        self._headings()
        self._sums("Opening balance", with_movements=False)

    def add(self, lines: Iterable[Line]) -> None:
        """Draw the next entries."""
        for line in lines:
            self._entry(line)

    def close(self) -> None:
        """Draw the closing balance and the summary, and write the file."""
        if self._y - _SUM_ROW - _SUMMARY_HEIGHT < FOOTER:
            self._turn()
        self._sums(_CLOSING, with_movements=True)
        self._summary()
        self._sheet.finish(self._footer)

    @property
    def _footer(self) -> str:
        return f"Statement {self._statement.id}"

    def _letterhead(self) -> None:
        sheet, statement, columns = self._sheet, self._statement, self._columns
        y = columns.page[1] - MARGIN - 12
        title, name = "Account statement", in_glyphs(statement.book_name)
        room = columns.balance - MARGIN - width(title, 11) - 20
        [first, *rest] = wrapped(name, room, lambda text: width(text, 16)) or [""]
        sheet.ink(ACCENT)
        sheet.left(MARGIN, y, f"{first}…" if rest else first, 15, bold=True)
        sheet.ink(MUTED)
        sheet.right(columns.balance, y, title, 11)
        sheet.rule(y - 10, ACCENT, thick=True)
        y -= 32
        for label, text in self._facts():
            sheet.ink(MUTED)
            sheet.left(MARGIN, y, label, 8)
            sheet.ink()
            room = columns.balance - MARGIN - 2 * DATE_WIDTH
            for part in wrapped(in_glyphs(text), room, lambda text: width(text, 8)):
                sheet.left(columns.details, y, part, 8)
                y -= 13
        self._y = y - 8

    def _facts(self) -> Iterator[tuple[str, str]]:
        statement, period = self._statement, self._statement.period
        known = statement.known_at.astimezone(statement.zone)
        yield "Account", statement.shown
        yield "Period", f"{period.start} to {period.end}, {_AXES[period.axis]}"
        yield "Amounts in", statement.asset
        yield "Statement", statement.id
        yield "As known at", f"{known:%Y-%m-%d %H:%M:%S %Z}, up to number {statement.known_seq}"

    def _headings(self) -> None:
        sheet, columns, y = self._sheet, self._columns, self._y
        sheet.rule(y + 10, INK)
        sheet.ink()
        is_effective = self._statement.period.axis is Axis.EFFECTIVE
        sheet.left(MARGIN, y, "Effective" if is_effective else "Booked", 7, bold=True)
        sheet.left(MARGIN + DATE_WIDTH, y, "Value", 7, bold=True)
        sheet.left(columns.details, y, "Details", 7, bold=True)
        for x, heading in (
            (columns.debit, "Debit"),
            (columns.credit, "Credit"),
            (columns.balance, "Balance"),
        ):
            sheet.right(x, y, heading, 7, bold=True)
        sheet.rule(y - 5, INK)
        self._y = y - 5

    def _sums(self, label: str, *, with_movements: bool) -> None:
        """A row of what has moved up to here, and of the balance that it makes."""
        sheet, columns, y = self._sheet, self._columns, self._y - 12
        sheet.ink()
        sheet.left(columns.details, y, label, 7, bold=True)
        if with_movements:
            self._figure(columns.debit, y, self._moved.debits, bold=True)
            self._figure(columns.credit, y, self._moved.credits, bold=True)
        self._figure(columns.balance, y, self._balance, bold=True)
        sheet.rule(y - 6, INK if label == _CLOSING else HAIRLINE)
        self._y = y - 6

    def _entry(self, line: Line) -> None:
        entry, columns = line.entry, self._columns
        texts = self._description(line) + self._content(line.content)
        reference = self._wrapped(str(transfer_id(entry.transaction_id, entry.leg)), 6)
        height = _LINE * (len(texts) + len(reference)) + _ROW_GAP
        if self._y - height < _BOTTOM:
            self._turn()
        sheet, y = self._sheet, self._y - 11
        sheet.ink()
        is_effective = self._statement.period.axis is Axis.EFFECTIVE
        effective = entry.effective_at.astimezone(self._statement.zone).date()
        sheet.left(MARGIN, y, str(effective if is_effective else entry.booking_date), 7)
        sheet.left(MARGIN + DATE_WIDTH, y, str(entry.value_date), 7)
        self._moved.take(entry.direction, entry.amount)
        self._balance = line.balance
        column = columns.debit if entry.direction == "debit" else columns.credit
        self._figure(column, y, entry.amount)
        self._figure(columns.balance, y, line.balance)
        for text in texts:
            sheet.left(columns.details, y, text, 7)
            y -= _LINE
        sheet.ink(MUTED)
        for text in reference:
            sheet.left(columns.details, y, text, 6)
            y -= _LINE
        self._y -= height
        sheet.rule(self._y)

    def _description(self, line: Line) -> list[str]:
        """What it was and with whom, on one line where there is room."""
        entry = line.entry
        what = entry.code or _KINDS[entry.kind]
        texts = self._wrapped(f"{what} \u00b7 {entry.counterparty}", 7)
        if len(texts) == 1:
            return texts
        return self._wrapped(what, 7) + self._wrapped(entry.counterparty, 7)

    def _content(self, content: Content) -> list[str]:
        texts = [content.reason] if content.reason else []
        texts += [f"{key}: {content.metadata[key]}" for key in sorted(content.metadata)]
        lines: list[str] = []
        for text in texts:
            if len(lines) > CONTENT_LINES_MAX:
                break
            lines += self._wrapped(text, 7)
        if len(lines) > CONTENT_LINES_MAX:
            lines = [*lines[: CONTENT_LINES_MAX - 1], "…"]
        return lines

    def _wrapped(self, text: str, size: int) -> list[str]:
        room = self._columns.details_width
        return wrapped(in_glyphs(text), room, lambda part: width(part, size))

    def _figure(self, x: int, y: int, amount: int, *, bold: bool = False) -> None:
        text = grouped(amount, self._statement.scale)
        self._sheet.right(x, y, text, self._columns.figure_size, bold=bold)

    def _turn(self) -> None:
        self._sums("Carried forward", with_movements=True)
        self._sheet.turn(self._footer)
        sheet, columns = self._sheet, self._columns
        y = columns.page[1] - MARGIN - 8
        sheet.ink(MUTED)
        statement = self._statement
        right = f"{statement.period.start} to {statement.period.end}"
        room = columns.balance - MARGIN - width(right, 7) - 20
        [first, *_] = wrapped(statement.shown, room, lambda text: width(text, 7))
        sheet.left(MARGIN, y, first, 7)
        sheet.right(columns.balance, y, right, 7)
        self._y = y - 26
        self._headings()
        self._sums("Brought forward", with_movements=True)

    def _summary(self) -> None:
        sheet, statement, totals = self._sheet, self._statement, self._totals
        y = self._y - 26
        x = self._columns.details
        sign = -1 if statement.is_debit_normal else 1
        rows = [
            ("Opening balance", statement.opening_balance),
            (f"Credits ({totals.credit_count:,})", sign * totals.credits),
            (f"Debits ({totals.debit_count:,})", -sign * totals.debits),
            (_CLOSING, statement.closing_balance),
        ]
        for label, amount in rows:
            is_bold = label == _CLOSING
            sheet.ink()
            sheet.left(x, y, label, 7, bold=is_bold)
            self._figure(self._columns.balance, y, amount, bold=is_bold)
            y -= 14
        sheet.ink(MUTED)
        for note in self._notes():
            sheet.left(x, y - 2, note, 7)
            y -= 11

    def _notes(self) -> Iterator[str]:
        statement, pending = self._statement, self._statement.closing
        adds = "debits" if statement.is_debit_normal else "credits"
        yield f"Balances are in the direction of this account, to which {adds} add."
        for label, amount in (
            ("debit", pending.debits_pending),
            ("credit", pending.credits_pending),
        ):
            if amount:
                yield f"Reserved to {label}, not booked: {grouped(amount, statement.scale)}"
