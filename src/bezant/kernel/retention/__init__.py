"""Retention: what was kept for a time and is needed no longer is removed, by a scheduled job.

In bounded batches, each a short commit that reads nothing which lanes write: postings go on beside
it. History and the audit log are kept for ever.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
import structlog

from bezant.kernel import idempotency, jobs, leases, outbox
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.jobs import Done, Handling, Job, JobKind, RetryPolicy, Schedule
from bezant.kernel.retention import store

__all__ = ["SWEEP", "Keep", "RemoveAnswers", "Retention", "Sweep"]

BATCH_MAX: Final = 1_000
"""Rows that are removed in one commit."""

_TENANTS_PER_READ: Final = 1_000

log = structlog.get_logger("bezant.retention")


class Keep(msgspec.Struct, frozen=True):
    """How long what is kept, in hours."""

    idempotency_h: int = 72
    jobs_h: int = 7 * 24
    dead_jobs_h: int = 90 * 24
    events_h: int = 30 * 24


class Sweep(msgspec.Struct, frozen=True):
    """The job's payload: nothing, since what is due follows from the clock."""


SWEEP: Final = JobKind(
    "retention.sweep",
    Sweep,
    RetryPolicy(attempts_max=3, first_s=60),
    attempt_s_max=1800,
    at_once_max=1,
)


RemoveAnswers = Callable[[UUID, datetime, int], Awaitable[int]]
"""Removes some of a tenant's rows from before an instant, at most so many; how many it removed."""


class Retention:
    """Removes what is due.

    Args:
        database: connected as the application's role.
        clock: tells what is due.
        keep: how long what is kept.
        answers: of the domains, by name: what is kept as long as idempotency records.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keep: Keep,
        answers: Mapping[str, RemoveAnswers] = MappingProxyType({}),
    ) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep
        self._answers = answers

    def handling(self) -> Handling[Sweep]:
        """For the runner."""
        return Handling(SWEEP, self._carry_out)

    @staticmethod
    def schedule() -> Schedule:
        """When it runs."""
        return Schedule(SWEEP, Sweep(), timedelta(minutes=10))

    async def sweep(self) -> dict[str, int]:
        """Remove what is due now; how many rows of each kind that were."""
        now = self._clock.now()
        keep = self._keep
        database = self._database
        removed = {"idempotency_record": 0, "event": 0}
        answered = now - timedelta(hours=keep.idempotency_h)
        told = now - timedelta(hours=keep.events_h)
        async for tenant_id in self._tenants():
            removed["idempotency_record"] += await _repeat(
                partial(idempotency.remove_old, database, tenant_id, answered, BATCH_MAX)
            )
            for name, remove in self._answers.items():
                removed[name] = removed.get(name, 0) + await _repeat(
                    partial(remove, tenant_id, answered, BATCH_MAX)
                )
            removed["event"] += await _repeat(
                partial(outbox.remove_old, database, tenant_id, told, BATCH_MAX)
            )
        ended = now - timedelta(hours=keep.jobs_h)
        dead = now - timedelta(hours=keep.dead_jobs_h)
        removed["job"] = await _repeat(
            partial(jobs.remove_old, database, ended=ended, dead=dead, limit=BATCH_MAX)
        )
        await leases.delete_old_leases(database)
        return removed

    async def _carry_out(self, _job: Job[Sweep]) -> Done:
        removed = await self.sweep()
        if any(removed.values()):
            log.info("retention_swept", removed=removed)
        return Done()

    async def _tenants(self) -> AsyncIterator[UUID]:
        after = jobs.PLATFORM
        while rows := await self._database.fetch(store.FIND_TENANTS, after, _TENANTS_PER_READ):
            for row in rows:
                yield row["tenant_id"]
            after = rows[-1]["tenant_id"]


async def _repeat(remove: Callable[[], Awaitable[int]]) -> int:
    total = 0
    while count := await remove():
        total += count
    return total
