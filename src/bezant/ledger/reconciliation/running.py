"""Carrying out a reconciliation: read what is open, match it, write it down; again if interrupted.

What it works on was fixed when it was asked for, and what it has matched itself counts as open. So
an attempt that follows one that was killed comes to the same, and goes on writing where it ended.
"""

import asyncio
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.jobs import Done, Handling, Job, JobKind
from bezant.kernel.sealing import Sealer
from bezant.ledger.history import Axis, History, Moment
from bezant.ledger.reconciliation import schemas, store
from bezant.ledger.reconciliation.accounts import sign_of
from bezant.ledger.reconciliation.domain import Break, Fields, Match, Side
from bezant.ledger.reconciliation.engine import Outcome, reconcile
from bezant.ledger.reconciliation.loading import Scope, load_entries, load_lines, load_released
from bezant.ledger.reconciliation.secrecy import StatementKey, statement_key

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

ROWS_AT_ONCE: Final = 5_000
ATTEMPT_S_MAX: Final = 900
BY_RULES: Final = "rules"
"""The author of matches that rules found."""


class Asked(Struct, frozen=True):
    """The job's payload."""

    book: UUID
    reconciliation: UUID


KIND: Final = JobKind(
    "reconciliation.run",
    Asked,
    attempt_s_max=ATTEMPT_S_MAX,
    at_once_max=1,  # each takes a processor, and memory for all that is open
)


class Runner:
    """Carries out reconciliations as jobs; those of one account one after the other.

    Args:
        database: as the application's role.
        clock: tells when they end.
        sealer: opens the accounts' keys.
    """

    def __init__(self, database: Database, clock: Clock, sealer: Sealer) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer

    def handling(self) -> Handling[Asked]:
        """What the job runner is given."""
        return Handling(KIND, self.run)

    async def run(self, job: Job[Asked]) -> Done:
        """One attempt.

        Raises:
            StatementKeyLost: the texts cannot be opened.
            Unavailable: the database cannot be asked; another attempt goes on.
        """
        asked = job.payload
        row = await self._database.fetchrow(
            store.FIND_RECONCILIATION, job.tenant_id, asked.book, asked.reconciliation
        )
        assert row is not None, "the job was made in the commit of what it names"
        if row["summary"] is not None:
            return Done()
        account = (job.tenant_id, asked.book, row["account_no"])
        key = await statement_key(self._database, self._sealer, account)
        scope = scope_of(account, row)
        outcome = await self._match(scope, key, row)
        writing = _Writing(self._database, scope, outcome)
        await writing.write(self._clock)

        # On a snapshot of its own: a serializable one would read-lock what lanes write.
        summary = await self._database.read(lambda connection: _summary(connection, scope, outcome))

        async def finish(connection: "Connection") -> None:
            await connection.execute(
                store.INSERT_RESULT,
                *account[:2],
                asked.reconciliation,
                msgspec.json.encode(summary),
                self._clock.now(),
            )

        return Done(work=finish)

    async def _match(self, scope: Scope, key: StatementKey, row: "asyncpg.Record") -> Outcome:
        rules = schemas.RULES.decode(key.open(row["rules"], row["reconciliation_id"].bytes))
        fields = Fields.of(rules)
        released = await load_released(self._database, scope)
        lines = await load_lines(self._database, scope, key, fields.line, released)
        entries = await load_entries(self._database, scope, fields.entry, released)
        return await asyncio.to_thread(reconcile, rules, lines, entries)


def scope_of(account: tuple[UUID, UUID, int], row: "asyncpg.Record") -> Scope:
    """What a reconciliation is about."""
    return Scope(
        account=account,
        reconciliation=row["reconciliation_id"],
        sign=sign_of(row["type"]),
        first=row["first_date"],
        last=row["last_date"],
        seq=row["seq"],
        statements=row["statements"],
        lines=row["lines"],
    )


class _Writing:
    """Writes matches and breaks in portions, each of them whole."""

    def __init__(self, database: Database, scope: Scope, outcome: Outcome) -> None:
        self._database = database
        self._scope = scope
        self._outcome = outcome

    async def write(self, clock: Clock) -> None:
        place = (*self._scope.account[:2], self._scope.reconciliation)
        stored = await self._database.fetchrow(store.FIND_STORED, *place)
        assert stored is not None, "a query of maxima has a row"
        matches, breaks = self._outcome.matches, self._outcome.breaks
        for start in range(stored["matches"], len(matches), ROWS_AT_ONCE):
            await self._write_matches(start, matches[start : start + ROWS_AT_ONCE], clock)
        for start in range(stored["breaks"], len(breaks), ROWS_AT_ONCE):
            await self._write_breaks(start, breaks[start : start + ROWS_AT_ONCE])

    async def _write_matches(self, start: int, portion: list[Match], clock: Clock) -> None:
        tenant_id, book_id, account_no = self._scope.account
        reconciliation = self._scope.reconciliation
        numbers = list(range(start + 1, start + 1 + len(portion)))
        at = clock.now()

        async def work(connection: "Connection") -> None:
            await connection.execute(
                store.INSERT_MATCHES,
                tenant_id,
                book_id,
                reconciliation,
                account_no,
                BY_RULES,
                None,
                at,
                numbers,
                *match_columns(portion),
            )
            await connection.execute(
                store.INSERT_RECONCILED,
                *self._scope.account,
                reconciliation,
                *item_columns(portion, numbers),
            )

        await self._database.transaction(work)

    async def _write_breaks(self, start: int, portion: list[Break]) -> None:
        tenant_id, book_id, account_no = self._scope.account
        numbers = list(range(start + 1, start + 1 + len(portion)))

        async def work(connection: "Connection") -> None:
            await connection.execute(
                store.INSERT_BREAKS,
                tenant_id,
                book_id,
                self._scope.reconciliation,
                account_no,
                numbers,
                [each.side for each in portion],
                [each.key for each in portion],
                [str(each.amount) for each in portion],
                [date.fromordinal(each.booking) for each in portion],
                [each.reason for each in portion],
                [_joined(each.related) for each in portion],
                [each.related_side for each in portion],
            )

        await self._database.transaction(work)


def match_columns(matches: list[Match]) -> list[list[Any]]:
    """Matches as the columns of `INSERT_MATCHES`, after their numbers."""
    return [
        [each.rule for each in matches],
        [each.cardinality for each in matches],
        [_joined(each.lines) for each in matches],
        [_joined(each.entries) for each in matches],
        ["\n".join(each.agreed) for each in matches],
        [str(each.difference) for each in matches],
        [each.days for each in matches],
    ]


def item_columns(matches: list[Match], numbers: list[int]) -> list[list[Any]]:
    """What is in matches, as the columns of `INSERT_RECONCILED`."""
    rows = [
        (side, key, number)
        for each, number in zip(matches, numbers, strict=True)
        for side, keys in ((Side.LINE, each.lines), (Side.ENTRY, each.entries))
        for key in keys
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _joined(keys: tuple[int, ...]) -> str:
    return " ".join(map(str, keys))


async def _summary(connection: "Connection", scope: Scope, outcome: Outcome) -> schemas.Summary:
    """What the reconciliation came to; that it is whole is asserted, not believed."""
    ledger_closing = await _ledger_balance(connection, scope, scope.last)
    before = None if scope.first is None else scope.first - timedelta(days=1)
    ledger_opening = 0 if before is None else await _ledger_balance(connection, scope, before)
    stated = await _stated(connection, scope)
    sums = await connection.fetchrow(store.SUM_LINES, *scope.account, scope.lines, *scope.dates)
    matched = await connection.fetchrow(
        store.SUM_MATCHED_ENTRIES, *scope.account, scope.seq, *scope.dates
    )
    assert sums is not None, "a sum has a row"
    assert matched is not None, "a sum has a row"
    lines, matched_lines = int(sums["all_lines"]), int(sums["matched"])
    matched_entries = scope.sign * int(matched["matched"])
    open_lines = sum(each.amount for each in outcome.breaks if each.side is Side.LINE)
    open_entries = sum(each.amount for each in outcome.breaks if each.side is Side.ENTRY)
    # Every line and every entry of the period is in one match, or is one break.
    assert lines == matched_lines + open_lines, "lines are matched or left"
    assert ledger_closing - ledger_opening == matched_entries + open_entries, (
        "entries are matched or left"
    )
    difference = explained = None
    if stated is not None:
        opening, closing = stated
        difference = closing - ledger_closing
        parts = (
            opening - ledger_opening,
            closing - opening - lines,
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
