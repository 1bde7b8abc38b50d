"""The runner of a process: looks for jobs, runs some at once, gives back what it cannot finish."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog

from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, Row, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import store
from bezant.kernel.jobs.attempts import Attempts
from bezant.kernel.jobs.kinds import PLATFORM, Handling, JobKind
from bezant.kernel.jobs.rounds import Round
from bezant.kernel.leases import Lease
from bezant.kernel.telemetry import JOBS_WAITING

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

LEASE: Final = timedelta(seconds=10)
"""How long after its last sign of life a process keeps the jobs that it runs."""

AT_ONCE: Final = 8
"""Jobs that a process runs at once."""

IDLE_S_MAX: Final = 1.0
"""How long a process with nothing to do waits until it looks again."""

_IDLE_S: Final = 0.02
_SAMPLE_S: Final = 15.0
_WAITING_MAX: Final = 100_000

log = structlog.get_logger("bezant.jobs")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job of the platform at every full `every` since 1970, once, whichever process is alive.

    One that takes longer than `every` is not overtaken by the next. Occurrences that nobody was
    alive for are left out.
    """

    kind: JobKind[Any]
    payload: Any
    every: timedelta

    def occurrence(self, now: datetime) -> datetime:
        """The latest one up to now."""
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return now - (now - epoch) % self.every


class JobRunner:
    """Carries out jobs in this process, beside those of other processes.

    Args:
        database: as the application's role.
        clock: tells what is due.
        ids: names the process's lease, and the jobs of schedules.
        handlings: the kinds that this process carries out. Others are left to others.
        schedules: jobs that come with the time.
        lease: see `LEASE`.
        at_once: see `AT_ONCE`.
        luck: random numbers from 0 to 1.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        handlings: Sequence[Handling[Any]],
        *,
        schedules: Sequence[Schedule] = (),
        lease: timedelta = LEASE,
        at_once: int = AT_ONCE,
        luck: Callable[[], float] = random.random,
    ) -> None:
        by_name = {handling.kind.name: handling for handling in handlings}
        assert len(by_name) == len(handlings), "a kind has one handler"
        self._database = database
        self._clock = clock
        self._ids = ids
        self._kinds: Mapping[str, JobKind[Any]] = {
            name: handling.kind for name, handling in by_name.items()
        }
        holder = ids.new()
        self._lease = Lease(database, f"jobs:{holder}", holder, lease)
        self._round = Round(database, self._lease.name, self._kinds)
        self._attempts = Attempts(database, clock, by_name, luck)
        self._schedules = dict.fromkeys(schedules, datetime.min.replace(tzinfo=UTC))
        self._at_once = at_once
        self._luck = luck
        self._running: dict[asyncio.Task[None], str] = {}
        # On the loop's clock. Jobs taken without a lease would be taken away at once.
        self._leased_until = float("-inf")
        self._wakeup = asyncio.Event()
        self._is_closing = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look for jobs."""
        self._tasks = [asyncio.create_task(self._look()), asyncio.create_task(self._live())]
        for task in self._tasks:
            task.add_done_callback(_tell_of_fault)

    def wake(self) -> None:
        """Look now: called where a job was made in this process, to save it the wait."""
        self._wakeup.set()

    async def close(self, drain_s: int = 5) -> None:
        """Take nothing more, let what runs end within `drain_s`, and give back the rest."""
        self._is_closing = True
        self._wakeup.set()
        if not self._tasks:
            return
        looking, living = self._tasks
        await asyncio.wait([looking])
        if self._running:
            await asyncio.wait(self._running, timeout=drain_s)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        living.cancel()
        await asyncio.wait([living])
        try:
            await self._lease.release()
        except Unavailable:
            log.warning("jobs_lease_not_released")

    async def _live(self) -> None:
        """Keep the lease, and sample what waits."""
        loop = asyncio.get_running_loop()
        sampled_at = float("-inf")
        while True:
            try:
                await self._renew()
                if loop.time() - sampled_at >= _SAMPLE_S:
                    sampled_at = loop.time()
                    await self._sample()
            except Unavailable as refusal:
                log.warning("jobs_lease_not_renewed", code=refusal.code)
            await asyncio.sleep(self._lease.length.total_seconds() / 3)

    async def _renew(self) -> None:
        """Show that this process lives."""
        asked_at = asyncio.get_running_loop().time()
        if await self._lease.hold():
            self._leased_until = asked_at + self._lease.length.total_seconds()

    async def _sample(self) -> None:
        row = await self._database.fetchrow(store.COUNT_WAITING, self._clock.now(), _WAITING_MAX)
        assert row is not None
        JOBS_WAITING.set(row["waiting"])

    async def _look(self) -> None:
        """Take what is due while there is room; wait longer the longer nothing is."""
        idle_s = _IDLE_S
        while not self._is_closing:
            self._wakeup.clear()
            is_busy = False
            try:
                if asyncio.get_running_loop().time() >= self._leased_until:
                    await self._renew()
                await self._plan()
                is_busy = await self._take()
            except (CommitUnknown, Unavailable, asyncpg.PostgresError) as error:
                log.warning("jobs_not_looked_for", error=type(error).__name__)
            idle_s = _IDLE_S if is_busy else min(2 * idle_s, IDLE_S_MAX)
            # A partition that another process is handing out is left alone for a moment.
            wait_s = _IDLE_S * self._luck() if is_busy else idle_s
            try:
                async with asyncio.timeout(wait_s):
                    await self._wakeup.wait()
            except TimeoutError:
                continue

    async def _plan(self) -> None:
        """Make the jobs of schedules whose time has come. Whoever is first makes them for all."""
        now = self._clock.now()
        for schedule, planned in self._schedules.items():
            occurrence = schedule.occurrence(now)
            if occurrence != planned:
                row = schedule.kind.row(
                    self._ids.new(),
                    PLATFORM,
                    schedule.payload,
                    at=now,
                    key=schedule.kind.name,
                    order=int(occurrence.timestamp()),
                    unique=str(occurrence),
                )
                await self._database.transaction(partial(_write, row))
                self._schedules[schedule] = occurrence

    async def _take(self) -> bool:
        """Hand out jobs to this process; whether there was anything to see to."""
        partitions = await self._database.fetch(
            store.FIND_PARTITIONS, self._clock.now(), list(self._room())
        )
        # Processes that look at the same moment begin at different ones.
        for partition in sorted(partitions, key=lambda _: self._luck()):
            claimed = await self._round.hand_out(
                partition["partition_no"],
                partition["version"],
                self._clock.now(),
                self._room(),
                self._at_once - len(self._running),
            )
            for row in claimed:
                self._begin(row)
        return bool(partitions)

    def _room(self) -> dict[str, int]:
        """How many jobs of each kind may be taken; kinds without room are left out."""
        free = self._at_once - len(self._running)
        running = Counter(self._running.values())
        room = {
            name: min(free, (kind.at_once_max or self._at_once) - running[name])
            for name, kind in self._kinds.items()
        }
        return {name: most for name, most in room.items() if most > 0}

    def _begin(self, row: asyncpg.Record) -> None:
        task = asyncio.create_task(self._attempts.run(row))
        self._running[task] = row["kind"]
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wakeup.set()
        _tell_of_fault(task)


async def _write(row: Row, connection: "Connection") -> None:
    await write_rows(connection, PLATFORM, [row])


def _tell_of_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("jobs_fault", exc_info=task.exception())
