"""What an import tells the person who runs it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bezant.cli.statement_import.comparison import Row, Verdict
from bezant.cli.statement_import.importer import ImportResult, StatementResult, Step
from bezant.ledger.schemas import Entry

QUIET_BYTES_MAX: Final = 1 << 20
"""Files up to this size are done before a bar could be read."""

_ENTRIES_TOLD: Final = 25_000
_STYLES: Final = {Verdict.AGREES: "green", Verdict.LISTED: "yellow", Verdict.DIFFERS: "bold red"}


class ConsoleProgress:
    """Bars on a terminal, lines elsewhere, neither for small files.

    All of it goes to standard error: the output is the report alone.
    """

    def __init__(self, file: Path) -> None:
        self._console = Console(stderr=True)
        self._is_large = file.stat().st_size > QUIET_BYTES_MAX

    @contextmanager
    def file(self, step: Step, path: Path) -> Iterator[BinaryIO]:
        """Open the file for one pass over it, and show how far it got."""
        if self._is_large and self._console.is_terminal:
            with self._bar() as bar, bar.open(path, "rb", description=str(step)) as source:
                yield source
            return
        if self._is_large:
            self._console.print(f"{step} ...")
        with path.open("rb") as source:
            yield source

    def entries(self, step: Step, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Pass entries on, and show how many there were."""
        for count, entry in enumerate(entries, 1):
            if count % _ENTRIES_TOLD == 0:
                self._console.print(f"{step}: {count} entries", highlight=False)
            yield entry

    def _bar(self) -> Progress:
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=self._console,
        )


def print_report(result: ImportResult, console: Console) -> None:
    """A table for each statement, what was done, and whether it agrees."""
    made = ", which is new" if result.is_new_book else ""
    _say(console, f"Book {result.book} ({result.book_id}){made}")
    for statement in result.statements:
        console.print()
        _say(console, _summary(statement))
        console.print(_table(statement.balances))
        for row in statement.balances:
            if row.note:
                _say(console, f"{row.type} of {row.date}: {row.note}")
    console.print()
    _say(console, f"balances agree: {'yes' if result.agrees else 'NO'}")


def _say(console: Console, text: str) -> None:
    # Names and identifiers are data, never markup; and lines are left to the terminal to wrap.
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _summary(statement: StatementResult) -> str:
    there = statement.entries - statement.posted
    parts = [f"{statement.posted} of {statement.entries} entries booked now"]
    if there:
        parts.append(f"{there} in the book already")
    parts += [f"{count} not booked ({status})" for status, count in statement.not_booked.items()]
    if statement.continues_by:
        parts.append(f"continues the book by {statement.continues_by}")
    return f"Statement {statement.number} on {statement.account}: {'; '.join(parts)}"


def _table(rows: list[Row]) -> Table:
    table = Table("balance", "date", box=None)
    for name in ("file", "book"):
        table.add_column(name, justify="right")
    for name in ("basis", "agrees"):
        table.add_column(name)
    for row in rows:
        cells = (row.type, row.date, row.file, row.book, row.basis, row.agrees)
        table.add_row(*map(escape, cells), style=_STYLES[row.agrees])
    return table
