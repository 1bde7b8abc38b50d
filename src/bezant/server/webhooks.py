"""What webhooks tell of: the feeds of books, and the events outside of them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
import structlog

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import NotFound
from bezant.kernel.ids import Ids
from bezant.kernel.outbound import CheckedNetwork, SystemResolver
from bezant.kernel.outbox import EventReader, EventsExpired
from bezant.kernel.sealing import KeySealer
from bezant.kernel.settings import read_sealing_key
from bezant.kernel.webhooks import Event, Head, Means, Sender, Sources, Stretch
from bezant.ledger import FeedPositionAhead, Ledger, type_of

_BOOK: Final = "book:"
_TENANT: Final = "tenant"

log = structlog.get_logger("bezant.webhooks")


class BookFeeds:
    """A stream per book, numbered by its `seq`."""

    prefix = _BOOK

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def heads(self, tenant_id: UUID) -> Sequence[Head]:
        """The tenant's books and how far they go."""
        heads = await self._ledger.feed_heads(tenant_id)
        return [Head(f"{_BOOK}{book_id}", seq, book_id) for book_id, seq in heads.items()]

    async def read(self, tenant_id: UUID, stream: str, *, after: int, limit: int) -> Stretch:
        """What comes after a `seq`."""
        book_id = UUID(stream.removeprefix(_BOOK))
        try:
            page = await self._ledger.feed(tenant_id, book_id, after, limit)
        except (NotFound, FeedPositionAhead):
            return Stretch([], after)
        events = [
            Event(
                stream,
                event.seq,
                type_of(event),
                event.object,
                event.recorded_at,
                msgspec.Raw(msgspec.json.encode(event)),
            )
            for event in page.events
        ]
        return Stretch(events, page.next)


class TenantEvents:
    """One stream of the tenant, for what happens outside books."""

    prefix = _TENANT

    def __init__(self, reader: EventReader) -> None:
        self._reader = reader

    async def heads(self, tenant_id: UUID) -> Sequence[Head]:
        """How far the stream goes; none as long as nothing happened."""
        head = await self._reader.head(tenant_id)
        return [Head(_TENANT, head)] if head else []

    async def read(
        self,
        tenant_id: UUID,
        stream: str,  # noqa: ARG002 - there is one
        *,
        after: int,
        limit: int,
    ) -> Stretch:
        """What comes after a number. What is kept no longer is passed over, and logged."""
        try:
            found = await self._reader.read(tenant_id, after, limit)
        except EventsExpired as expired:
            oldest = int(expired.facts["oldest"])
            log.warning("webhook_events_expired", after=after, oldest=oldest)
            return Stretch([], oldest - 1)
        events = [
            Event(_TENANT, each.seq, each.kind, each.subject, each.occurred_at, each.data)
            for each in found
        ]
        return Stretch(events, events[-1].sequence if events else after)


def webhook_means(
    database: Database,
    clock: Clock,
    ids: Ids,
    ledger: Ledger,
    events: EventReader,
    sealing_key: str,
    *,
    allow_loopback: bool,
) -> Means:
    """What webhooks are sent with; `sealing_key` is in base64."""
    network = CheckedNetwork(SystemResolver(), allow_loopback=allow_loopback)
    return Means(
        database=database,
        clock=clock,
        ids=ids,
        sources=Sources([BookFeeds(ledger), TenantEvents(events)]),
        sealer=KeySealer(read_sealing_key(sealing_key)),
        sender=Sender(network, clock),
        allow_loopback=allow_loopback,
    )
