"""The sequencer: gives events their numbers, after the commits that wrote them."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog

from bezant.kernel.clock import Clock
from bezant.kernel.database import BEGIN_BY_KEY, CommitUnknown, Database, Row, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.leases import Lease
from bezant.kernel.outbox import store
from bezant.kernel.outbox.events import Event, Subscriber
from bezant.kernel.telemetry import OUTBOX_LAG

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

LEASE: Final = timedelta(seconds=5)
"""How long after its last sign of life a process that numbers events is waited for."""

BATCH_MAX: Final = 500
"""Events of a tenant that get their numbers in one commit."""

TENANTS_MAX: Final = 100
"""Tenants that are asked for at once."""

IDLE_S_MAX: Final = 0.5
"""How long it waits at most until it looks again: the longest that an event waits, when idle."""

TOGETHER_S: Final = 0.025
"""What is written within this time after a commit shares the next one, which costs as much for one
event as for many, and would keep the lanes' own commits waiting."""

_BEFORE_ALL: Final = UUID(int=0)
_IDLE_S: Final = 0.02
_SAMPLE_S: Final = 15.0
_PENDING_MAX: Final = 100_000

log = structlog.get_logger("bezant.outbox")


class Sequencer:
    """Numbers the events of every tenant, in one process of all that run it.

    The lease keeps processes from doing the same work; what keeps numbers gapless and given once is
    the compare-and-set on the stream's head.

    Args:
        database: as the application's role.
        clock: tells when a number was given.
        ids: names this process.
        subscribers: asked for rows that are to commit with the numbers.
        lease: see `LEASE`.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        *,
        subscribers: Iterable[Subscriber] = (),
        lease: timedelta = LEASE,
    ) -> None:
        self._database = database
        self._clock = clock
        self._subscribers = tuple(subscribers)
        self._lease = Lease(database, "outbox", ids.new(), lease)
        self._wakeup = asyncio.Event()
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to number."""
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Look now: called where an event was written in this process, to save it the wait."""
        self._wakeup.set()

    async def close(self) -> None:
        """Finish the commit under way and let another process go on."""
        self._is_closing = True
        self._wakeup.set()
        if self._task is not None:
            await self._task
            try:
                await self._lease.release()
            except Unavailable:
                log.warning("outbox_lease_not_released")

    async def number(self) -> int:
        """Number what is pending, up to a limit for each tenant; how many events were numbered.

        Raises:
            Unavailable: the database cannot be asked.
        """
        count = 0
        async for tenant_id in self._tenants():
            try:
                count += await self._number(tenant_id)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - a subscriber's fault stops one stream only
                log.error(  # noqa: TRY400 - its text may tell more than an operator should read
                    "events_not_numbered", tenant=str(tenant_id), error=type(error).__name__
                )
        return count

    async def _tenants(self) -> AsyncIterator[UUID]:
        """Those with events that wait; all of them, so that busy ones keep nobody waiting."""
        after = _BEFORE_ALL
        while rows := await self._database.fetch(store.FIND_PENDING_TENANTS, after, TENANTS_MAX):
            for row in rows:
                yield row["tenant_id"]
            after = rows[-1]["tenant_id"]

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        renewed_at = sampled_at = float("-inf")
        idle_s, is_holder = _IDLE_S, False
        while not self._is_closing:
            self._wakeup.clear()
            count = 0
            try:
                if not is_holder or loop.time() - renewed_at > self._lease.length.seconds / 3:
                    renewed_at, is_holder = loop.time(), await self._lease.hold()
                if is_holder:
                    count = await self.number()
                    if loop.time() - sampled_at >= _SAMPLE_S:
                        sampled_at = loop.time()
                        await self._sample()
            except (Unavailable, asyncpg.PostgresError) as error:
                log.warning("events_not_numbered", error=type(error).__name__)
            if count:
                idle_s = _IDLE_S
                await asyncio.sleep(0 if count >= BATCH_MAX else TOGETHER_S)
                continue
            idle_s = min(2 * idle_s, IDLE_S_MAX)
            try:
                async with asyncio.timeout(idle_s):
                    await self._wakeup.wait()
            except TimeoutError:
                continue

    async def _number(self, tenant_id: UUID) -> int:
        """One batch of a tenant; 0 when another process was first."""
        # The head before the events: if it still stands at the commit, nobody numbered since, and
        # so every event that was read is still without a number.
        head = await self._database.fetchrow(store.FIND_STREAM, tenant_id)
        pending = await self._database.fetch(store.FIND_PENDING, tenant_id, BATCH_MAX)
        if not pending:
            return 0
        last = 0 if head is None else head["seq"]
        events = _numbered(pending, last)
        rows = [row for tell in self._subscribers for row in tell(tenant_id, events)]

        async def work(connection: "Connection") -> bool:
            if head is None:
                await connection.execute(store.CREATE_STREAM, tenant_id)
            return await self._write(connection, tenant_id, last, events, rows)

        try:
            done = await self._database.transaction(work, begin=BEGIN_BY_KEY)
        except CommitUnknown:
            return 0  # the next turn reads the head and knows
        return len(events) if done else 0

    async def _write(
        self,
        connection: "Connection",
        tenant_id: UUID,
        last: int,
        events: Sequence[Event],
        rows: Sequence[Row],
    ) -> bool:
        tag = await connection.execute(store.ADVANCE, tenant_id, last, len(events))
        if tag != "UPDATE 1":
            return False
        tag = await connection.execute(
            store.DELETE_PENDING, tenant_id, [event.id for event in events]
        )
        assert tag == f"DELETE {len(events)}", "what is pending loses its place to a number only"
        columns = zip(
            *(
                (each.seq, each.id, each.kind, each.subject, bytes(each.data), each.occurred_at)
                for each in events
            ),
            strict=True,
        )
        await connection.execute(
            store.INSERT_EVENTS, tenant_id, self._clock.now(), *map(list, columns)
        )
        await write_rows(connection, tenant_id, rows)
        return True

    async def _sample(self) -> None:
        row = await self._database.fetchrow(store.COUNT_PENDING, _PENDING_MAX)
        assert row is not None
        OUTBOX_LAG.set(row["pending"])


def _numbered(pending: Sequence[asyncpg.Record], last: int) -> list[Event]:
    return [
        Event(
            seq=seq,
            id=row["event_id"],
            kind=row["kind"],
            subject=row["subject"],
            data=msgspec.Raw(row["data"]),
            occurred_at=row["occurred_at"],
        )
        for seq, row in enumerate(pending, last + 1)
    ]
