"""Jobs whose effects can be counted, runners in this process, and runners in others."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock, SystemClock
from bezant.kernel.database import Database, Row, write_rows
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Done, Handling, Job, JobKind, JobRunner, Outcome, RetryPolicy
from posters import Poster

IDS = TimeOrderedIds()
CLOCK = SystemClock()
LEASE = timedelta(seconds=1)
SCRIPT = Path(__file__).parent / "processes" / "jobber.py"
QUICK = RetryPolicy(attempts_max=3, first_s=0)


class Errand(msgspec.Struct, frozen=True):
    """What the jobs of these tests are given."""

    name: str = ""


def errands(name: str, **members: Any) -> JobKind[Errand]:  # noqa: ANN401 - members by name
    """A kind of its own for a test."""
    return JobKind(name, Errand, members.pop("retry", QUICK), **members)


def effect(job: Job[Errand]) -> Row:
    """A row that tells of the job, once for each time that it took effect."""
    call = Call(IDS.new(), job.tenant_id, "job", "job.effect", f"/jobs/{job.id}", "job")
    [row] = audit.entry(call, Answer(200, b""), datetime.now(UTC))
    return row


@dataclass
class Office:
    """A tenant's jobs of one kind."""

    database: Database
    kind: JobKind[Errand]
    tenant_id: UUID = field(default_factory=IDS.new)

    async def make(self, *names: str, clock: Clock = CLOCK, **members: Any) -> list[UUID]:  # noqa: ANN401 - members by name
        """Write jobs in one commit; their ids."""
        job_ids = [IDS.new() for _ in names]
        rows = [
            self.kind.row(job_id, self.tenant_id, Errand(name), at=clock.now(), **members)
            for job_id, name in zip(job_ids, names, strict=True)
        ]
        await self.write(rows)
        return job_ids

    async def write(self, rows: Sequence[Row]) -> None:
        await self.database.transaction(
            lambda connection: write_rows(connection, self.tenant_id, rows)
        )

    async def states(self) -> dict[str, int]:
        """How many jobs are in which state."""
        rows = await self.database.fetch(
            "SELECT state, count(*) AS count FROM job WHERE tenant_id = $1 AND kind = $2"
            " GROUP BY state",
            self.tenant_id,
            self.kind.name,
        )
        return {row["state"]: row["count"] for row in rows}

    async def until(self, **states: int) -> None:
        """Wait until so many jobs are in these states, and no others are there."""
        async with asyncio.timeout(30):
            while await self.states() != states:
                await self._a_moment()

    async def _a_moment(self) -> None:
        await self.database.fetch("SELECT pg_sleep(0.01)")

    async def job(self, job_id: UUID) -> dict[str, Any]:
        """A job's row."""
        row = await self.database.fetchrow(
            "SELECT state, attempt, epoch, run_at, last_error FROM job"
            " WHERE tenant_id = $1 AND job_id = $2",
            self.tenant_id,
            job_id,
        )
        assert row is not None
        return dict(row)

    async def attempted(self, job_id: UUID, attempt: int) -> None:
        """Wait until a job's attempt has begun."""
        async with asyncio.timeout(30):
            while (await self.job(job_id))["attempt"] < attempt:
                await self._a_moment()

    async def effects(self, job_id: UUID) -> int:
        """How often a job took effect."""
        row = await self.database.fetchrow(
            "SELECT count(*) AS count FROM audit_entry WHERE tenant_id = $1 AND resource = $2",
            self.tenant_id,
            f"/jobs/{job_id}",
        )
        assert row is not None
        return int(row["count"])


async def does(job: Job[Errand]) -> Outcome:
    """The handler that succeeds."""
    return Done(rows=(effect(job),))


@asynccontextmanager
async def running(
    database: Database,
    *handlings: Handling[Any],
    drain_s: int = 5,
    **members: Any,  # noqa: ANN401 - members by name
) -> AsyncIterator[JobRunner]:
    """A runner in this process."""
    given: dict[str, Any] = {"lease": LEASE} | members
    runner = JobRunner(database, given.pop("clock", CLOCK), IDS, handlings, **given)
    runner.start()
    try:
        yield runner
    finally:
        await runner.close(drain_s)


class Task(msgspec.Struct):
    """What a process does.

    Attributes:
        step: where it stops and waits to be killed, having told so; empty for nowhere.
        dwell_s: how long its handler takes.
        is_fenced: False leaves the token out of the statements that end an attempt.
        attempts_max: after which its jobs are dead letters.
    """

    url: str
    kind: str
    step: str = ""
    lease_s: float = 1.0
    dwell_s: float = 0.0
    is_fenced: bool = True
    attempts_max: int = QUICK.attempts_max


@asynccontextmanager
async def jobbing(task: Task) -> AsyncIterator[Poster]:
    """A runner in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(task))
    process.stdin.close()
    try:
        yield Poster(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
