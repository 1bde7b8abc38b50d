"""Webhooks over the embedded PostgreSQL: streams that tests write, a receiver, a clock to move."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbound import CheckedNetwork
from bezant.kernel.sealing import KeySealer
from bezant.kernel.webhooks import (
    DeliveryService,
    Dispatcher,
    Event,
    Head,
    IssuedWebhookKey,
    Means,
    NewWebhookEndpoint,
    Sender,
    Sources,
    Stretch,
    WebhookService,
)
from bezant.kernel.webhooks.schemas import (
    DeliveryStatus,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEndpointChange,
    WebhookReplay,
    WebhookRotation,
)
from receivers import Names, Receiver, receiving

IDS = TimeOrderedIds()
STREAM = "test:one"


@dataclass
class Streams:
    """Streams in memory, by tenant and name.

    Attributes:
        reads: how often a stream was read.
    """

    clock: ManualClock
    prefix: str = "test:"
    events: dict[tuple[UUID, str], list[Event]] = field(default_factory=lambda: defaultdict(list))
    books: dict[str, UUID] = field(default_factory=dict)
    reads: int = 0

    def tell(
        self, tenant_id: UUID, key: str, kind: str = "thing.changed", stream: str = STREAM
    ) -> int:
        """Something happens to an object; its sequence."""
        events = self.events[tenant_id, stream]
        data = msgspec.Raw(msgspec.json.encode({"key": key}))
        events.append(Event(stream, len(events) + 1, kind, key, self.clock.now(), data))
        return len(events)

    async def heads(self, tenant_id: UUID) -> Sequence[Head]:
        return [
            Head(stream, len(events), self.books.get(stream))
            for (owner, stream), events in self.events.items()
            if owner == tenant_id
        ]

    async def read(self, tenant_id: UUID, stream: str, *, after: int, limit: int) -> Stretch:
        self.reads += 1
        found = self.events[tenant_id, stream][after : after + limit]
        return Stretch(found, after + len(found))


@dataclass
class Post:
    """A tenant with webhooks, and the calls that tests make of it."""

    means: Means
    tenant_id: UUID
    clock: ManualClock
    streams: Streams
    receiver: Receiver
    endpoints: WebhookService
    deliveries: DeliveryService
    dispatcher: Dispatcher

    @property
    def database(self) -> Database:
        return self.means.database

    def call(self, key: str | None = None) -> Call:
        call_id = IDS.new()
        return Call(
            call_id, self.tenant_id, "key:test", "test.call", "/test", "test",
            idempotency_key=key or f"test-{call_id}",
        )  # fmt: skip

    async def issue(self, **members: Any) -> IssuedWebhookKey:  # noqa: ANN401 - members by name
        """Make an endpoint, by default the receiver's."""
        new = NewWebhookEndpoint(**({"url": self.receiver.url} | members))
        return (await self.endpoints.create(self.call(), new)).value(IssuedWebhookKey)

    async def endpoint(self, **members: Any) -> UUID:  # noqa: ANN401 - as above
        return (await self.issue(**members)).webhook_endpoint.id

    async def change(self, endpoint_id: UUID, **members: Any) -> Answer:  # noqa: ANN401 - as above
        return await self.endpoints.change(
            self.call(), endpoint_id, WebhookEndpointChange(**members)
        )

    async def rotate(self, endpoint_id: UUID, **members: Any) -> IssuedWebhookKey:  # noqa: ANN401 - as above
        rotation = WebhookRotation(**members)
        answer = await self.endpoints.rotate(self.call(), endpoint_id, rotation)
        return answer.value(IssuedWebhookKey)

    async def look(self, endpoint_id: UUID) -> WebhookEndpoint:
        return await self.endpoints.get(self.tenant_id, endpoint_id)

    async def log(
        self, endpoint_id: UUID, status: DeliveryStatus | None = None
    ) -> list[WebhookDelivery]:
        """An endpoint's deliveries, oldest first."""
        page = await self.deliveries.page(
            self.tenant_id, endpoint_id, status=status, before=None, limit=1_000
        )
        return page.deliveries[::-1]

    async def replay(self, endpoint_id: UUID, delivery_id: UUID) -> Answer:
        return await self.deliveries.replay(self.call(), endpoint_id, delivery_id)

    async def replay_from(self, endpoint_id: UUID, after: int, stream: str = STREAM) -> Answer:
        return await self.deliveries.replay_from(
            self.call(), endpoint_id, WebhookReplay(stream, after)
        )

    async def turn(self, *, after: timedelta = timedelta(0)) -> int:
        """Let time pass, and do what is to be done then."""
        self.clock.advance(seconds=int(after.total_seconds()))
        return await self.dispatcher.turn()

    def tell(self, *keys: str, kind: str = "thing.changed", stream: str = STREAM) -> None:
        for key in keys:
            self.streams.tell(self.tenant_id, key, kind, stream)

    @property
    def got(self) -> list[tuple[int, str]]:
        """What the receiver got: sequence and object, as it came."""
        contents = [message.content for message in self.receiver.messages]
        return [(each["sequence"], each["object"]) for each in contents]


@asynccontextmanager
async def posting(
    database: Database, receiver: Receiver, names: Names, *, attempt_seconds_max: float = 1.0
) -> AsyncIterator[Post]:
    """A tenant of its own, without endpoints."""
    tenant_id = IDS.new()
    await database.transaction(
        lambda connection: connection.execute(
            "INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, 'test', now())", tenant_id
        )
    )
    # Endpoints of other tests are none of this one's business.
    await database.transaction(
        lambda connection: connection.execute(
            "UPDATE webhook_dispatch SET resume_at = now() + interval '10 years'"
            " WHERE tenant_id <> $1",
            tenant_id,
        )
    )
    clock = ManualClock(datetime.now(UTC))
    streams = Streams(clock)
    streams.events[tenant_id, STREAM] = []
    sender = Sender(
        CheckedNetwork(names, allow_loopback=True),
        clock,
        tls=receiver.tls,
        attempt_seconds_max=attempt_seconds_max,
    )
    means = Means(
        database=database,
        clock=clock,
        ids=IDS,
        sources=Sources([streams]),
        sealer=KeySealer(bytes(range(32))),
        sender=sender,
        allow_loopback=True,
        luck=lambda: 0.5,
    )
    yield Post(
        means, tenant_id, clock, streams, receiver,
        WebhookService(means), DeliveryService(means), Dispatcher(means),
    )  # fmt: skip
    await sender.close()


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with receiving(tmp_path) as receiver:
        yield receiver


@pytest.fixture
async def post(database: Database, receiver: Receiver) -> AsyncIterator[Post]:
    async with posting(database, receiver, Names([["127.0.0.1"]])) as post:
        yield post
