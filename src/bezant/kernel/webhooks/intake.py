"""From streams to messages that wait: as many as there is room for, and no more."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.database import BEGIN_BY_KEY
from bezant.kernel.webhooks import store
from bezant.kernel.webhooks.claims import Claim, Means, hold
from bezant.kernel.webhooks.deliveries import PENDING_MAX, insert
from bezant.kernel.webhooks.schemas import WebhookEndpoint
from bezant.kernel.webhooks.sources import Event, Head, is_ping, ping

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_READ_AT_ONCE: Final = 256
_STREAMS_AT_ONCE: Final = 32


class Intake:
    """Reads for one endpoint. Cursors and messages move in one commit, so none is lost or doubled.

    Payloads stay in memory for as long as the endpoint is held; later they are read again.
    """

    def __init__(self, means: Means, held: Claim) -> None:
        self._means = means
        self._held = held
        self._recent: dict[tuple[str, int], Event] = {}

    async def read(self, endpoint: WebhookEndpoint) -> bool:
        """Take in what is new, as far as there is room; whether there was anything."""
        counted = await self._means.database.fetchrow(store.COUNT_PENDING, *self._held.place)
        assert counted is not None
        room = PENDING_MAX - counted["pending"]
        behind = await self._behind(endpoint) if room > 0 else []
        if not behind:
            return False
        at_once = min(_READ_AT_ONCE, room)
        behind = behind[:at_once]
        cursors: dict[str, int] = {}
        new: list[Event] = []
        for stream, after in behind:
            stretch = await self._means.sources.read(
                self._held.tenant_id, stream, after=after, limit=at_once // len(behind)
            )
            if stretch.through > after:
                cursors[stream] = stretch.through
                new += [event for event in stretch.events if _is_asked_for(endpoint, event)]
        if cursors:
            await self._take_in(new, cursors)
        return bool(cursors)

    async def event(self, row: "asyncpg.Record") -> Event | None:
        """What a waiting message tells of; None when its stream keeps it no longer."""
        stream, sequence = row["stream"], row["sequence"]
        if is_ping(stream):
            return ping(self._held.endpoint_id, sequence, row["occurred_at"])
        recent = self._recent.pop((stream, sequence), None)
        if recent is not None:
            return recent
        return await self._means.sources.find(self._held.tenant_id, stream, sequence)

    async def _behind(self, endpoint: WebhookEndpoint) -> list[tuple[str, int]]:
        """Streams with something new and how far the endpoint is, not always the same first."""
        heads = await self._means.sources.heads(self._held.tenant_id)
        rows = await self._means.database.fetch(
            store.FIND_CURSORS, self._held.tenant_id, [self._held.endpoint_id]
        )
        behind = lagging(endpoint.books, heads, {row["stream"]: row["after"] for row in rows})
        start = int(self._means.luck() * len(behind))
        return [*behind[start:], *behind[:start]][:_STREAMS_AT_ONCE]

    async def _take_in(self, new: Sequence[Event], cursors: Mapping[str, int]) -> None:
        deliveries = {self._means.ids.new(): event for event in new}
        now = self._means.clock.now()

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await hold(connection, self._means, self._held)
            if deliveries:
                await insert(connection, *self._held.place, now, deliveries)
            await connection.execute(
                store.SAVE_CURSORS, *self._held.place, list(cursors), list(cursors.values())
            )

        await self._means.database.transaction(work, begin=BEGIN_BY_KEY)
        self._recent = {(event.stream, event.sequence): event for event in new}


def lagging(
    books: Sequence[UUID] | None, heads: Sequence[Head], cursors: Mapping[str, int]
) -> list[tuple[str, int]]:
    """The streams that an endpoint with that filter has not read to their heads, and its place."""
    return [
        (head.stream, cursors.get(head.stream, 0))
        for head in heads
        if (books is None or head.book_id in books) and cursors.get(head.stream, 0) < head.sequence
    ]


def _is_asked_for(endpoint: WebhookEndpoint, event: Event) -> bool:
    if endpoint.event_types is None:
        return True
    return any(
        event.type == each or (each.endswith(".*") and event.type.startswith(each[:-1]))
        for each in endpoint.event_types
    )
