"""Statements as CSV (RFC 4180): for machines first, and safe to open in a spreadsheet."""

import csv
import json
from collections.abc import Iterable
from io import TextIOWrapper
from typing import BinaryIO, Final

from bezant.kernel.money import format_units
from bezant.ledger.lane import transfer_id
from bezant.ledger.statements.domain import Content, Line, Statement, Totals

COLUMNS: Final = (
    *("record", "account", "asset", "booking_date", "value_date", "effective_at", "recorded_at"),
    *("seq", "leg", "transaction_id", "transfer_id", "kind", "code", "counterparty", "direction"),
    *("amount_minor", "amount", "balance_minor", "balance", "reason", "metadata"),
)

# What makes a spreadsheet read a cell as a formula, and the mark itself, so that every mark that is
# read back is one of ours. The full-width forms are folded to the others by some programs.
_FORMULA: Final = tuple("=+-@\t\r\n'\uff1d\uff0b\uff0d\uff20")
_MARK: Final = "'"


def shown(text: str) -> str:
    """A client's text as a cell: what a spreadsheet would execute stands behind an apostrophe."""
    return _MARK + text if text.startswith(_FORMULA) else text


def meant(cell: str) -> str:
    """The client's text that a cell shows."""
    return cell.removeprefix(_MARK)


class CsvFile:
    """One row per entry, between a row for the opening and one for the closing balance."""

    def __init__(self, file: BinaryIO, statement: Statement, totals: Totals) -> None:
        del totals  # two rows of balances say it
        self._text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._rows = csv.writer(self._text, lineterminator="\r\n")
        self._statement = statement
        self._rows.writerow(COLUMNS)
        self._balance("opening", statement.opening_balance)

    def add(self, lines: Iterable[Line]) -> None:
        """Write the next entries."""
        self._rows.writerows(map(self._row, lines))

    def close(self) -> None:
        """Write the closing balance."""
        self._balance("closing", self._statement.closing_balance)
        self._text.detach()

    def _balance(self, record: str, balance: int) -> None:
        statement = self._statement
        nothing = [""] * (COLUMNS.index("balance_minor") - 3)
        units = format_units(balance, statement.scale)
        self._rows.writerow(
            [record, statement.shown, statement.asset, *nothing, balance, units, "", ""]
        )

    def _row(self, line: Line) -> list[object]:
        entry, scale = line.entry, self._statement.scale
        return [
            "entry",
            self._statement.shown,
            self._statement.asset,
            entry.booking_date,
            entry.value_date,
            entry.effective_at.isoformat(),
            entry.recorded_at.isoformat(),
            entry.seq,
            entry.leg,
            entry.transaction_id,
            transfer_id(entry.transaction_id, entry.leg),
            entry.kind,
            shown(entry.code),
            entry.counterparty,
            entry.direction,
            entry.amount,
            format_units(entry.amount, scale),
            line.balance,
            format_units(line.balance, scale),
            shown(line.content.reason or ""),
            _metadata(line.content),
        ]


def _metadata(content: Content) -> str:
    # A JSON object begins with a brace, which is no formula.
    if not content.metadata:
        return ""
    return json.dumps(content.metadata, ensure_ascii=False, sort_keys=True)
