"""What webhooks tell of: streams of numbered events, whoever keeps them."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import msgspec

BODY_BYTES_MAX: Final = 256 << 10
"""The specification recommends less than 20 kB; beyond this a receiver gets a reference instead."""

PING: Final = "webhook.ping"

_PING_PREFIX: Final = "ping:"
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Head:
    """How far a stream goes.

    Attributes:
        stream: its name, unique within the tenant; it begins with its source's prefix.
        sequence: of the newest event; 0 for none.
        book_id: the book that it tells of; None where it is of no book.
    """

    stream: str
    sequence: int
    book_id: UUID | None = None


class Event(msgspec.Struct, frozen=True):
    """Something that happened.

    Attributes:
        stream: where it is recorded.
        sequence: its place there; later events have greater ones.
        type: as `noun.verbed` (`transaction.posted`).
        object_key: what it happened to; events of one object are delivered in order.
        occurred_at: when.
        data: what the receiver is told, JSON.
    """

    stream: str
    sequence: int
    type: str
    object_key: str
    occurred_at: datetime
    data: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events of a stream, in order.

    Attributes:
        events: those that there are.
        through: the place up to which these are all.
    """

    events: Sequence[Event]
    through: int


class EventSource(Protocol):
    """Keeps streams of events, each gapless: who has seen a place never sees an earlier one appear.

    Attributes:
        prefix: what the names of its streams begin with, such as `book:`.
    """

    prefix: str

    async def heads(self, tenant_id: UUID) -> Sequence[Head]:
        """The tenant's streams and how far they go."""
        ...

    async def read(self, tenant_id: UUID, stream: str, *, after: int, limit: int) -> Stretch:
        """What comes after a place, at most `limit` events.

        `through` is greater than `after` unless the stream ends there.
        """
        ...


class Sources:
    """Several sources as one."""

    def __init__(self, sources: Sequence[EventSource]) -> None:
        self._sources = sources

    async def heads(self, tenant_id: UUID) -> list[Head]:
        """The tenant's streams of every source."""
        return [head for source in self._sources for head in await source.heads(tenant_id)]

    async def read(self, tenant_id: UUID, stream: str, *, after: int, limit: int) -> Stretch:
        """What comes after a place of a stream; nothing where no source keeps it any more."""
        for source in self._sources:
            if stream.startswith(source.prefix):
                return await source.read(tenant_id, stream, after=after, limit=limit)
        return Stretch([], after)

    async def find(self, tenant_id: UUID, stream: str, sequence: int) -> Event | None:
        """One event, if it is still kept."""
        found = await self.read(tenant_id, stream, after=sequence - 1, limit=1)
        return next((event for event in found.events if event.sequence == sequence), None)


def ping(endpoint_id: UUID, number: int, at: datetime) -> Event:
    """A test message to an endpoint, an object of its own."""
    data = msgspec.Raw(msgspec.json.encode({"webhook_endpoint": endpoint_id}))
    return Event(f"{_PING_PREFIX}{endpoint_id}", number, PING, str(number), at, data)


def is_ping(stream: str) -> bool:
    """Whether a stream is that of test messages, which no source keeps."""
    return stream.startswith(_PING_PREFIX)


def message_id(tenant_id: UUID, event: Event) -> str:
    """What a receiver recognizes a repeat by: the same at every attempt, replay and endpoint."""
    named = b"\n".join((tenant_id.bytes, event.stream.encode(), str(event.sequence).encode()))
    digest = hashlib.sha256(named).digest()[:_ID_BYTES]
    return "msg_" + base64.b32encode(digest).rstrip(b"=").decode().lower()


class _Body(msgspec.Struct, frozen=True):
    """A message, by the specification's recommendation, and where the event is recorded."""

    type: str
    timestamp: datetime
    stream: str
    sequence: int
    object: str
    data: msgspec.Raw | None


def message_body(event: Event) -> bytes:
    """What is sent and signed. Data too large to send is left out: null, to be asked for."""
    data = event.data if len(bytes(event.data)) <= BODY_BYTES_MAX else None
    return msgspec.json.encode(
        _Body(event.type, event.occurred_at, event.stream, event.sequence, event.object_key, data)
    )
