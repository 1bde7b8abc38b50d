"""The delivery log, test messages and replays."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.idempotency import once
from bezant.kernel.webhooks import store
from bezant.kernel.webhooks.claims import Means
from bezant.kernel.webhooks.errors import (
    ReplayAhead,
    TooManyWebhooksPending,
    WebhookDeliveryNotFound,
    WebhookDeliveryPending,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
    WebhookStreamUnknown,
)
from bezant.kernel.webhooks.schemas import (
    DeliveryStatus,
    WebhookDeliveries,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookReplay,
    WebhookReplayed,
)
from bezant.kernel.webhooks.service import endpoint_of, wants
from bezant.kernel.webhooks.sources import Event, message_id, ping

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

PENDING_MAX: Final = 1_000
"""Messages that wait for one endpoint: what comes after them stays in its stream."""

ASKED_PENDING_MAX: Final = 2 * PENDING_MAX
"""Together with those that were asked for: tests, and replays of single deliveries."""

DELIVERIES_KEPT_MAX: Final = 10_000
"""Of one endpoint; the oldest go first."""

_AFTER_ALL: Final = UUID(int=2**128 - 1)
_NO_DATA: Final = msgspec.Raw(b"null")


class DeliveryService:
    """What was sent to a tenant's endpoints, and sending it again."""

    def __init__(self, means: Means) -> None:
        self._database = means.database
        self._clock = means.clock
        self._ids = means.ids
        self._sources = means.sources

    async def page(
        self,
        tenant_id: UUID,
        endpoint_id: UUID,
        *,
        status: DeliveryStatus | None,
        before: str | None,
        limit: int,
    ) -> WebhookDeliveries:
        """An endpoint's deliveries, newest first, made before the one with that identifier."""
        await self._database.read(lambda connection: _require(connection, tenant_id, endpoint_id))
        start = _AFTER_ALL if before is None else UUID(before)
        rows = await self._database.fetch(
            store.LIST_DELIVERIES, tenant_id, endpoint_id, start, status, limit + 1
        )
        shown = [delivery_of(tenant_id, row) for row in rows[:limit]]
        return WebhookDeliveries(shown, str(shown[-1].id) if len(rows) > limit else None)

    async def ping(self, call: Call, endpoint_id: UUID) -> Answer:
        """Send a test message (201 `WebhookDelivery`), whatever the endpoint's filters are."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            endpoint = await _require(connection, call.tenant_id, endpoint_id)
            now = self._clock.now()
            event = ping(endpoint_id, int(now.timestamp() * 1_000_000), now)
            return await self._add(connection, call.tenant_id, endpoint, event, None)

        return await once(self._database, self._clock, call, work)

    async def replay(self, call: Call, endpoint_id: UUID, delivery_id: UUID) -> Answer:
        """Send a message again, with its own identifier (201 `WebhookDelivery`)."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            endpoint = await _require(connection, call.tenant_id, endpoint_id)
            row = await connection.fetchrow(
                store.FIND_DELIVERY, call.tenant_id, endpoint_id, delivery_id
            )
            if row is None:
                raise WebhookDeliveryNotFound("The endpoint's log has no such delivery.")
            if row["status"] == "pending":
                raise WebhookDeliveryPending("It is still being tried.")
            return await self._add(connection, call.tenant_id, endpoint, event_of(row), delivery_id)

        return await once(self._database, self._clock, call, work)

    async def replay_from(self, call: Call, endpoint_id: UUID, replay: WebhookReplay) -> Answer:
        """Set an endpoint back in a stream (200 `WebhookReplayed`).

        What waits from that stream comes again in its turn, so that nothing is sent out of order.
        """
        heads = {head.stream: head for head in await self._sources.heads(call.tenant_id)}

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            endpoint = await _require(connection, call.tenant_id, endpoint_id)
            head = heads.get(replay.stream)
            if head is None or not wants(endpoint, head):
                raise WebhookStreamUnknown("There is no such stream.", field="stream")
            rows = await connection.fetch(store.FIND_CURSORS, call.tenant_id, [endpoint_id])
            cursor = {row["stream"]: row["after"] for row in rows}.get(replay.stream, 0)
            if replay.after > cursor:
                raise ReplayAhead("The endpoint has not been there yet.", field="after")
            place = (call.tenant_id, endpoint_id, replay.stream, replay.after)
            await connection.execute(store.REMOVE_AHEAD, *place)
            await connection.execute(
                store.SAVE_CURSORS, call.tenant_id, endpoint_id, [replay.stream], [replay.after]
            )
            await connection.execute(store.RESTART, call.tenant_id, endpoint_id, self._clock.now())
            return Answer.of(WebhookReplayed(replay.stream, replay.after))

        return await once(self._database, self._clock, call, work)

    async def _add(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        endpoint: WebhookEndpoint,
        event: Event,
        replay_of: UUID | None,
    ) -> Answer:
        """A delivery of its own, outside of the order of the others."""
        if endpoint.status != "enabled":
            raise WebhookEndpointDisabled("Enable the endpoint first.")
        pending = await connection.fetchval(store.COUNT_PENDING, tenant_id, endpoint.id)
        if pending >= ASKED_PENDING_MAX:
            raise TooManyWebhooksPending(f"At most {ASKED_PENDING_MAX} messages wait.")
        now = self._clock.now()
        delivery_id = self._ids.new()
        await insert(connection, tenant_id, endpoint.id, now, {delivery_id: event}, replay_of)
        await connection.execute(store.WAKE, tenant_id, endpoint.id, now)
        row = await connection.fetchrow(store.FIND_DELIVERY, tenant_id, endpoint.id, delivery_id)
        assert row is not None
        return Answer.of(delivery_of(tenant_id, row), 201)


async def insert(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    endpoint_id: UUID,
    at: datetime,
    events: Mapping[UUID, Event],
    replay_of: UUID | None = None,
) -> None:
    """Write deliveries to come, by their identifiers."""
    await connection.execute(
        store.INSERT_DELIVERIES,
        tenant_id,
        endpoint_id,
        at,
        list(events),
        [event.stream for event in events.values()],
        [event.sequence for event in events.values()],
        [event.type for event in events.values()],
        [event.object_key for event in events.values()],
        [event.occurred_at for event in events.values()],
        [replay_of] * len(events),
    )


def delivery_of(tenant_id: UUID, row: "asyncpg.Record") -> WebhookDelivery:
    """A row's delivery as its owner sees it."""
    return WebhookDelivery(
        id=row["delivery_id"],
        message_id=message_id(tenant_id, event_of(row)),
        stream=row["stream"],
        sequence=row["sequence"],
        type=row["event_type"],
        object=row["object_key"],
        occurred_at=row["occurred_at"],
        status=row["status"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        replay_of=row["replay_of"],
        next_attempt_at=row["next_attempt_at"] if row["status"] == "pending" else None,
        last_attempt_at=row["last_attempt_at"],
        response_status=row["response_status"],
        latency_ms=row["latency_ms"],
        error=row["error"],
    )


def event_of(row: "asyncpg.Record") -> Event:
    """What a row says of its event: all but the data, which its stream has."""
    return Event(
        row["stream"],
        row["sequence"],
        row["event_type"],
        row["object_key"],
        row["occurred_at"],
        _NO_DATA,
    )


async def _require(
    connection: "PoolConnectionProxy[asyncpg.Record]", tenant_id: UUID, endpoint_id: UUID
) -> WebhookEndpoint:
    row = await connection.fetchrow(store.FIND_ENDPOINT, tenant_id, endpoint_id)
    if row is None:
        raise WebhookEndpointNotFound("There is no such webhook endpoint.")
    return endpoint_of(row, ())
