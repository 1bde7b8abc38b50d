"""What a reconciliation tells the person who runs it."""

from collections import Counter
from typing import Final
from uuid import UUID

from msgspec import Struct
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bezant.kernel.money import format_units
from bezant.ledger import reconciliation

AGES: Final = ("0-1", "2-7", "8-30", ">30")
SHOWN_MAX: Final = 20

_WORDS: Final = {
    "missing_in_ledger": "not in the book",
    "missing_in_statement": "not in the statement",
    "wrong_amount": "amounts differ",
    "date_far_off": "dates are far apart",
    "duplicate_line": "the bank's line twice",
    "ambiguous": "several fit equally well",
    "search_limit": "too many to tell",
    "released": "taken apart by hand",
}


class Result(Struct, frozen=True):
    """What became of a statement."""

    book: UUID
    scale: int
    imported: reconciliation.schemas.Import
    asked: reconciliation.schemas.Reconciliation
    summary: reconciliation.schemas.Summary
    breaks: list[reconciliation.schemas.BreakView]

    @property
    def open(self) -> list[reconciliation.schemas.BreakView]:
        """Breaks that nobody has resolved."""
        return [each for each in self.breaks if each.resolved is None]


def print_report(result: Result, console: Console) -> None:
    """Matches by rule, breaks by age, the first breaks, and of what the difference is made."""
    asked, summary = result.asked, result.summary
    start = asked.period.first or "the beginning"
    _say(console, f"{asked.account}, {asked.asset}, from {start} to {asked.period.last}")
    known = result.imported.lines - result.imported.lines_added
    _say(console, f"{result.imported.lines} lines in the file, {known} of them known before")
    console.print()
    if summary.by_rule:
        console.print(_matches(summary))
        console.print()
    if result.open:
        console.print(_ages(result))
        console.print()
        console.print(_breaks(result))
        if len(result.open) > SHOWN_MAX:
            _say(console, f"... and {len(result.open) - SHOWN_MAX} more")
        console.print()
    if summary.explained is not None:
        console.print(_balances(result, summary.explained))
        console.print()
    left = len(result.open)
    verdict = "[green]reconciled: nothing is left[/green]"
    if left:
        verdict = f"[bold red]{left} breaks are left[/bold red]"
    console.print(f"{summary.matches} matches; {verdict}", highlight=False)
    _say(console, f"reconciliation {asked.id}")


def _matches(summary: reconciliation.schemas.Summary) -> Table:
    table = Table("rule", box=None)
    table.add_column("matches", justify="right")
    for rule, count in sorted(summary.by_rule.items(), key=lambda pair: (-pair[1], pair[0])):
        table.add_row(escape(rule), str(count), style="green")
    return table


def _ages(result: Result) -> Table:
    """Counts of breaks, and their amounts, by reason and age."""
    table = Table("break", box=None)
    for age in AGES:
        table.add_column(f"{age} days", justify="right")
    table.add_column(f"sum, {result.asked.asset}", justify="right")
    counts = Counter((each.reason, each.age) for each in result.open)
    for reason in dict.fromkeys(each.reason for each in result.open):
        amount = sum(int(each.amount) for each in result.open if each.reason is reason)
        cells = (str(counts[reason, age] or "") for age in AGES)
        table.add_row(_WORDS[reason], *cells, format_units(amount, result.scale), style="yellow")
    return table


def _breaks(result: Result) -> Table:
    table = Table("where", "booked", box=None)
    for name in ("days", "amount"):
        table.add_column(name, justify="right")
    table.add_column("why")
    table.add_column("beside")
    oldest = sorted(result.open, key=lambda each: (-each.age_days, each.no))
    for each in oldest[:SHOWN_MAX]:
        beside = ", ".join(each.related[:3]) + (", ..." if len(each.related) > 3 else "")  # noqa: PLR2004 - as many as fit
        table.add_row(
            f"line {each.line}" if each.entry is None else f"entry {each.entry}",
            str(each.booking_date),
            str(each.age_days),
            format_units(int(each.amount), result.scale),
            _WORDS[each.reason],
            f"{each.related_side} {beside}" if beside else "",
        )
    return table


def _balances(result: Result, explained: reconciliation.schemas.Explained) -> Table:
    summary = result.summary
    table = Table("balance", box=None)
    table.add_column(result.asked.asset, justify="right")
    rows = [
        ("statement", summary.statement_closing),
        ("book", summary.ledger_closing),
        ("difference", summary.difference),
        ("  before the period", explained.opening),
        ("  statements that are missing", explained.gaps),
        ("  within matches", explained.matched),
        ("  lines that are not in the book", explained.missing_in_ledger),
        ("  entries that are not in the statement", explained.missing_in_statement),
    ]
    for name, amount in rows:
        if amount is not None and (amount != "0" or not name.startswith(" ")):
            table.add_row(name, format_units(int(amount), result.scale))
    return table


def _say(console: Console, text: str) -> None:
    # Names and identifiers are data, never markup.
    console.print(text, highlight=False, markup=False, soft_wrap=True)
