"""Finds endpoints with work, claims them, and keeps couriers at it, in every worker process.

Nothing is queued in memory: what there is to do is in the streams, the cursors and the deliveries,
and whoever looks next finds it.
"""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from bezant.kernel.database import BEGIN_BY_KEY, CommitUnknown
from bezant.kernel.errors import Refusal
from bezant.kernel.webhooks import store
from bezant.kernel.webhooks.claims import Claim, Means, claim
from bezant.kernel.webhooks.courier import Courier
from bezant.kernel.webhooks.deliveries import DELIVERIES_KEPT_MAX
from bezant.kernel.webhooks.intake import lagging

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

LOOK_EVERY_S: Final = 1.0

_COURIERS_MAX: Final = 32
_PAGE: Final = 1_000
# A tenant in which nothing happens is looked at less often: after a twelfth of the time that it was
# idle for.
_IDLE_SHARE: Final = 12
_IDLE_S_MAX: Final = 5.0
_CLOSE_S_MAX: Final = 5.0
_PRUNE_EVERY_S: Final = 600.0
_LOG_KEPT: Final = timedelta(days=30)
_FIRST: Final = (UUID(int=0), UUID(int=0))

log = structlog.get_logger("bezant.webhooks")


@dataclass(slots=True)
class _Watch:
    """When a tenant's streams were looked at, and when something was found."""

    looked_at: float
    found_at: float

    def is_due(self, now: float) -> bool:
        pause_s = min(_IDLE_S_MAX, (now - self.found_at) / _IDLE_SHARE)
        return now - self.looked_at >= pause_s


class Dispatcher:
    """A process's part in the delivery of webhooks."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._after = _FIRST
        self._watches: dict[UUID, _Watch] = {}
        self._working: dict[tuple[UUID, UUID], tuple[Courier, asyncio.Task[None]]] = {}
        self._pruned: dict[tuple[UUID, UUID], float] = {}

    async def serve(self) -> None:
        """Look for work again and again, until cancelled."""
        while True:
            try:
                await self._look(patiently=True)
            except (Refusal, CommitUnknown) as error:
                # The database is away; it is asked again.
                log.warning("webhook_look_failed", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def turn(self) -> int:
        """Look once at what there is to do, and do it; how many endpoints had work."""
        found = await self._look(patiently=False)
        await asyncio.gather(*(task for _, task in self._working.values()))
        return found

    async def close(self) -> None:
        """Let what is being sent be recorded, for a moment; what is not is sent again by others."""
        for courier, _ in self._working.values():
            courier.stop()
        tasks = [task for _, task in self._working.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_CLOSE_S_MAX)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _look(self, *, patiently: bool) -> int:
        """Claim a page's endpoints that have work, as far as there is room for couriers."""
        rows = await self._means.database.fetch(store.FIND_ENABLED, *self._after, _PAGE)
        is_last = len(rows) < _PAGE
        self._after = _FIRST if is_last else (rows[-1]["tenant_id"], rows[-1]["endpoint_id"])
        now = self._means.clock.now()
        free: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
        for row in rows:
            is_free = row["lease_until"] <= now and row["resume_at"] <= now
            if is_free and (row["tenant_id"], row["endpoint_id"]) not in self._working:
                free[row["tenant_id"]].append(row)
        found = 0
        for tenant_id, endpoints in free.items():
            for row in await self._with_work(tenant_id, endpoints, now, patiently=patiently):
                if len(self._working) >= _COURIERS_MAX:
                    return found
                found += await self._take(row)
        return found

    async def _with_work(
        self,
        tenant_id: UUID,
        rows: "Sequence[asyncpg.Record]",
        now: datetime,
        *,
        patiently: bool,
    ) -> "list[asyncpg.Record]":
        """A tenant's endpoints that have messages due, or events to come to."""
        due = [row for row in rows if row["due_at"] is not None and row["due_at"] <= now]
        others = [row for row in rows if row not in due]
        at = time.monotonic()
        watch = self._watches.setdefault(tenant_id, _Watch(float("-inf"), at))
        if not others or (patiently and not watch.is_due(at)):
            return due
        watch.looked_at = at
        heads = await self._means.sources.heads(tenant_id)
        cursors: dict[UUID, dict[str, int]] = defaultdict(dict)
        for row in await self._means.database.fetch(
            store.FIND_CURSORS, tenant_id, [row["endpoint_id"] for row in others]
        ):
            cursors[row["endpoint_id"]][row["stream"]] = row["after"]
        behind = [
            row for row in others if lagging(row["books"], heads, cursors[row["endpoint_id"]])
        ]
        if behind:
            watch.found_at = at
        return due + behind

    async def _take(self, row: "asyncpg.Record") -> bool:
        held = await claim(self._means, row["tenant_id"], row["endpoint_id"], row["epoch"])
        if held is None:
            return False
        courier = Courier(self._means, held)
        task = asyncio.create_task(self._keep_at(courier, held))
        self._working[held.place] = courier, task
        return True

    async def _keep_at(self, courier: Courier, held: Claim) -> None:
        try:
            await courier.work()
            await self._prune(held)
        except (Refusal, CommitUnknown) as error:
            log.warning("webhook_log_not_pruned", error=type(error).__name__)
        except Exception:  # the boundary: one endpoint's fault stays its own, and is tried again
            log.exception("webhook_courier_broke", endpoint_id=held.endpoint_id)
        finally:
            del self._working[held.place]

    async def _prune(self, held: Claim) -> None:
        """Now and then, remove what the endpoint's log keeps no longer."""
        at = time.monotonic()
        if at - self._pruned.get(held.place, float("-inf")) < _PRUNE_EVERY_S:
            return
        self._pruned[held.place] = at
        aged = _id_from(self._means.clock.now() - _LOG_KEPT)
        row = await self._means.database.fetchrow(
            store.FIND_OLDEST_KEPT, *held.place, DELIVERIES_KEPT_MAX
        )
        before = aged if row is None else max(aged, row["delivery_id"])

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await connection.execute(store.PRUNE, *held.place, before)

        await self._means.database.transaction(work, begin=BEGIN_BY_KEY)


def _id_from(instant: datetime) -> UUID:
    """The least UUIDv7 of an instant."""
    return UUID(int=int(instant.timestamp() * 1_000) << 80)


@dataclass(frozen=True, slots=True)
class Serving:
    """A dispatcher at work in the background."""

    dispatcher: Dispatcher
    task: "asyncio.Task[None]"

    @classmethod
    def start(cls, means: Means) -> "Serving":
        """Begin."""
        dispatcher = Dispatcher(means)
        return cls(dispatcher, asyncio.create_task(dispatcher.serve()))

    async def close(self) -> None:
        """End."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        await self.dispatcher.close()
