"""What a reconciliation came to: balances, and of what their difference is made."""

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bezant.ledger.history import Axis, History, Moment
from bezant.ledger.reconciliation import schemas, store
from bezant.ledger.reconciliation.domain import Break, Side
from bezant.ledger.reconciliation.engine import Outcome
from bezant.ledger.reconciliation.loading import Loaded, Scope

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


async def summarize(
    connection: "Connection", scope: Scope, lines: Loaded, entries: Loaded, outcome: Outcome
) -> schemas.Summary:
    """What the reconciliation came to; that it is whole is asserted, not believed.

    The sums of what was loaded and matched are held against those that the database has by itself.
    """
    ledger_closing = await _ledger_balance(connection, scope, scope.last)
    before = None if scope.first is None else scope.first - timedelta(days=1)
    ledger_opening = 0 if before is None else await _ledger_balance(connection, scope, before)
    stated = await _stated(connection, scope)
    row = await connection.fetchrow(store.SUM_LINES, *scope.account, scope.lines, *scope.dates)
    assert row is not None, "a sum has a row"
    moved = int(row["amount"])
    open_lines = sum(each.amount for each in outcome.breaks if each.side is Side.LINE)
    open_entries = sum(each.amount for each in outcome.breaks if each.side is Side.ENTRY)
    by_rules = sum(each.difference for each in outcome.matches)
    # Every line and every entry of the period is in one match, or is one break.
    matched_lines, matched_entries = (
        moved - open_lines,
        ledger_closing - ledger_opening - open_entries,
    )
    assert matched_lines == lines.matched + _sum(lines) - open_lines, "all lines were looked at"
    assert matched_entries == entries.matched + _sum(entries) - open_entries, (
        "all entries were looked at"
    )
    assert _sum(lines) - open_lines - _sum(entries) + open_entries == by_rules, (
        "matches differ by what they say"
    )
    difference = explained = None
    if stated is not None:
        opening, closing = stated
        difference = closing - ledger_closing
        parts = (
            opening - ledger_opening,
            closing - opening - moved,
            matched_lines - matched_entries,
            open_lines,
            -open_entries,
        )
        assert sum(parts) == difference, "the difference is explained"
        explained = schemas.Explained(*map(str, parts))
    return schemas.Summary(
        lines=_count(outcome, Side.LINE),
        entries=_count(outcome, Side.ENTRY),
        matches=len(outcome.matches),
        breaks=len(outcome.breaks),
        by_rule=dict(Counter(each.rule for each in outcome.matches)),
        by_reason=_by_reason(outcome.breaks),
        statement_opening=None if stated is None else str(stated[0]),
        statement_closing=None if stated is None else str(stated[1]),
        ledger_opening=str(ledger_opening),
        ledger_closing=str(ledger_closing),
        difference=None if difference is None else str(difference),
        explained=explained,
    )


def _sum(side: Loaded) -> int:
    return sum(item.amount for item in side.items)


async def _ledger_balance(connection: "Connection", scope: Scope, day: date) -> int:
    """The account's booked balance at the end of a day, in its normal direction."""
    tenant_id, book_id, account_no = scope.account
    at = Moment(Axis.BOOKING, day, scope.seq)
    sums = await History(connection).sums(tenant_id, book_id, account_no, at)
    return scope.sign * (sums.debits_posted - sums.credits_posted)


async def _stated(connection: "Connection", scope: Scope) -> tuple[int, int] | None:
    """The balances that statements give for the period's beginning and end; None without both."""
    first, last = scope.dates
    closing = await connection.fetchrow(
        store.FIND_STATED_CLOSING, *scope.account, first, last, scope.statements
    )
    if closing is None:
        return None
    opening = None
    if scope.first is not None:
        earlier = (date.min, scope.first - timedelta(days=1))
        row = await connection.fetchrow(
            store.FIND_STATED_CLOSING, *scope.account, *earlier, scope.statements
        )
        opening = None if row is None else int(row["closing"])
    if opening is None:
        row = await connection.fetchrow(
            store.FIND_STATED_OPENING, *scope.account, first, last, scope.statements
        )
        opening = None if row is None else int(row["opening"])
    return None if opening is None else (opening, int(closing["closing"]))


def _count(outcome: Outcome, side: Side) -> int:
    matched = (each.lines if side is Side.LINE else each.entries for each in outcome.matches)
    return sum(map(len, matched)) + sum(each.side is side for each in outcome.breaks)


def _by_reason(breaks: list[Break]) -> dict[str, schemas.Tally]:
    counts = Counter(each.reason for each in breaks)
    amounts: Counter[str] = Counter()
    for each in breaks:
        amounts[each.reason] += each.amount
    return {
        reason: schemas.Tally(count, str(amounts[reason]))
        for reason, count in sorted(counts.items())
    }
