"""What webhooks tell of: the feeds of books, and the events outside of them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.errors import NotFound
from bezant.kernel.outbox import EventReader
from bezant.kernel.webhooks import Event, Head, Stretch
from bezant.ledger import FeedPositionAhead, Ledger, type_of

_BOOK: Final = "book:"
_TENANT: Final = "tenant"


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
