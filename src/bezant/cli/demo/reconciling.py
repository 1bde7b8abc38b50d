"""Scenes of the bank's statement: compared with the books, and what it shows set right."""

import time
from collections import defaultdict
from typing import Final

from msgspec.structs import replace

from bezant.cli.demo.bank import BankLine
from bezant.cli.demo.chart import BANK_COSTS, NOSTRO
from bezant.cli.demo.day import Day, leg, shown
from bezant.cli.demo.report import BreakRow, MatchRow, ReconciliationReport
from bezant.kernel.money import format_units
from bezant.ledger import reconciliation

ACCOUNT: Final = NOSTRO["EUR"]
MEDIA_TYPE: Final = "text/plain"

_LOOK_EVERY_S: Final = 0.05
_LOOKS_MAX: Final = 1_200

Run = reconciliation.schemas.Reconciliation
Break = reconciliation.schemas.BreakView


def compare(day: Day) -> str:
    """The statement is imported, and matched with what the books have of the month."""
    statement = day.bank.statement(day.month)
    imported = day.client.import_statement(day.book, ACCOUNT, statement, MEDIA_TYPE)
    run, difference = _reconcile(day)
    found = [(each, _read(day, each)) for each in day.client.breaks(day.book, run.id)]
    day.missing = [line for each, line in found if each.line is not None]
    matches = _by_rule(day, run)
    day.reconciled = ReconciliationReport(
        account=ACCOUNT,
        month=day.month.title,
        lines=imported.lines,
        matches=matches,
        breaks=[
            BreakRow(line.text, each.reason, line.booked, each.age_days, _units(line.amount))
            for each, line in found
        ],
        difference=difference,
        # There is one, and it is what the bank charged: by its date, its amount and its words.
        is_planted_one=len(found) == 1 and day.missing == day.bank.forgotten,
        breaks_left=len(found),
        difference_left=difference,
    )
    matched = sum(row.lines for row in matches)
    what = "1 is" if len(found) == 1 else f"{len(found)} are"
    return f"{matched} of {imported.lines} lines of the bank match the books; {what} left over."


def set_right(day: Day) -> str:
    """What only the bank knew is booked with the bank's date, and compared once more."""
    for line in day.missing:
        account = (BANK_COSTS, ACCOUNT) if line.amount < 0 else (ACCOUNT, BANK_COSTS)
        day.post_on(line.booked, leg(*account, abs(line.amount), code="bank"))
    run, difference = _reconcile(day)
    left = len(list(day.client.breaks(day.book, run.id)))
    if day.reconciled is not None:
        day.reconciled = replace(day.reconciled, breaks_left=left, difference_left=difference)
    booked = ", ".join(f"{line.text} ({shown(-line.amount)})" for line in day.missing)
    left_over = "nothing is left over" if not left else f"{left} ARE LEFT OVER"
    return f"{booked or 'Nothing'} is booked with the bank's date; {left_over}."


def _reconcile(day: Day) -> tuple[Run, str]:
    """A reconciliation of the month, once it is done, and by how much the balances differ."""
    period = reconciliation.schemas.Period(day.month.last, day.month.first)
    new = reconciliation.schemas.NewReconciliation(ACCOUNT, period)
    run = day.client.reconcile(day.book, new)
    for _ in range(_LOOKS_MAX):
        if run.summary is not None:
            return run, _units(int(run.summary.difference or "0"))
        time.sleep(_LOOK_EVERY_S)
        run = day.client.find_reconciliation(day.book, run.id)
    raise TimeoutError(f"the reconciliation {run.id} does not end")


def _by_rule(day: Day, run: Run) -> list[MatchRow]:
    """How many lines and entries each rule matched, in the order of the rules."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for match in day.client.matches(day.book, run.id):
        counts[match.rule][0] += len(match.lines)
        counts[match.rule][1] += len(match.entries)
    tried = sorted(run.rules, key=lambda rule: rule.priority)
    return [MatchRow(rule.name, *counts[rule.name]) for rule in tried if rule.name in counts]


def _read(day: Day, left: Break) -> BankLine:
    """A break, by what the bank says of it; an entry that the bank lacks, by its place."""
    if left.line is None:
        return BankLine(left.booking_date, int(left.amount), f"entry {left.entry}")
    line = day.client.statement_line(day.book, ACCOUNT, left.line)
    return BankLine(line.booking_date, int(line.amount), line.remittance or "")


def _units(cents: int) -> str:
    return format_units(cents, 2)
