"""Dead letters: jobs whose attempts are used up, until somebody decides."""

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.idempotency import once
from bezant.kernel.jobs import store
from bezant.kernel.jobs.errors import DeadJobNotFound
from bezant.kernel.jobs.kinds import PARTITIONS

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_BEFORE_ALL: Final = UUID(int=0)


class DeadJob(Struct, frozen=True):
    """A dead letter.

    Attributes:
        order_key: jobs of its kind with the same one run in order, one at a time.
        payload: what its handler was given.
        attempts: how many failed, the last of them for `reason`.
    """

    id: UUID
    kind: str
    order_key: str | None
    payload: msgspec.Raw
    attempts: int
    reason: str
    created_at: datetime
    died_at: datetime


class DeadJobs(Struct, frozen=True):
    """A page of dead letters, oldest first."""

    jobs: list[DeadJob]
    next: str | None


class DeadJobService:
    """A tenant's dead letters. Writes take a `Call`, which is audited."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> DeadJobs:
        """A tenant's dead letters, oldest first, after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST_DEAD, tenant_id, start, limit + 1)
        jobs = [_dead_job(row) for row in rows[:limit]]
        return DeadJobs(jobs, str(jobs[-1].id) if len(rows) > limit else None)

    async def replay(self, call: Call, job_id: UUID) -> Answer:
        """Run a dead letter again, from its first attempt (200 `DeadJob`)."""
        return await self._end(call, job_id, store.REPLAY)

    async def discard(self, call: Call, job_id: UUID) -> Answer:
        """Leave a dead letter for ever (200 `DeadJob`)."""
        return await self._end(call, job_id, store.DISCARD)

    async def _end(self, call: Call, job_id: UUID, statement: str) -> Answer:
        async def work(connection: "Connection") -> Answer:
            row = await connection.fetchrow(store.FIND_DEAD, call.tenant_id, job_id)
            if row is None:
                raise DeadJobNotFound("There is no such dead letter.")
            await connection.execute(
                statement, call.tenant_id, row["partition_no"], job_id, self._clock.now()
            )
            return Answer.of(_dead_job(row))

        return await once(self._database, self._clock, call, work)


async def remove_old(database: Database, *, ended: datetime, dead: datetime, limit: int) -> int:
    """Remove some jobs that ended before given instants; how many were removed.

    Args:
        database: where.
        ended: those that are done or discarded since before this.
        dead: dead letters from before this.
        limit: how many of each state and partition.

    Raises:
        CommitUnknown: a repeat is safe.
        Unavailable: the database cannot be asked.
    """
    removed = 0
    for partition_no in range(PARTITIONS):
        for state, before in (("done", ended), ("discarded", ended), ("dead", dead)):
            removed += await database.remove(store.DELETE_ENDED, partition_no, state, before, limit)
    return removed


def _dead_job(row: "asyncpg.Record") -> DeadJob:
    return DeadJob(
        id=row["job_id"],
        kind=row["kind"],
        order_key=row["key"],
        payload=msgspec.Raw(row["payload"]),
        attempts=row["attempt"],
        reason=row["last_error"],
        created_at=row["created_at"],
        died_at=row["ended_at"],
    )
