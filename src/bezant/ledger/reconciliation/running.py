"""Carrying out a reconciliation: read what is open, match it, write it down; again if interrupted.

What it works on was fixed when it was asked for, and what it has matched itself counts as open. So
an attempt that follows one that was killed comes to the same, and goes on writing where it ended.
"""

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.jobs import Done, Handling, Job, JobKind
from bezant.kernel.sealing import SecretSealer
from bezant.ledger.reconciliation import schemas, store
from bezant.ledger.reconciliation.accounts import sign_of
from bezant.ledger.reconciliation.domain import Break, Fields, Match, Side
from bezant.ledger.reconciliation.engine import Outcome, reconcile
from bezant.ledger.reconciliation.loading import (
    Loaded,
    Scope,
    load_entries,
    load_lines,
    load_released,
)
from bezant.ledger.reconciliation.secrecy import StatementKey, statement_key
from bezant.ledger.reconciliation.summary import summarize

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

    def __init__(self, database: Database, clock: Clock, sealer: SecretSealer) -> None:
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
        lines, entries, outcome = await self._match(scope, key, row)
        writing = _Writing(self._database, scope, outcome)
        await writing.write(self._clock)

        # On a snapshot of its own: a serializable one would read-lock what lanes write.
        summary = await self._database.read(
            lambda connection: summarize(connection, scope, lines, entries, outcome)
        )

        async def finish(connection: "Connection") -> None:
            await connection.execute(
                store.INSERT_RESULT,
                *account[:2],
                asked.reconciliation,
                msgspec.json.encode(summary),
                self._clock.now(),
            )

        return Done(work=finish)

    async def _match(
        self, scope: Scope, key: StatementKey, row: "asyncpg.Record"
    ) -> tuple[Loaded, Loaded, Outcome]:
        """What is open on both sides, and what became of it."""
        rules = schemas.RULES.decode(key.open(row["rules"], row["reconciliation_id"].bytes))
        fields = Fields.of(rules)
        released = await load_released(self._database, scope)
        lines = await load_lines(self._database, scope, key, fields.line, released)
        entries = await load_entries(self._database, scope, fields.entry, released)
        outcome = await asyncio.to_thread(reconcile, rules, lines.items, entries.items)
        return lines, entries, outcome


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
