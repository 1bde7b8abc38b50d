"""Following books as they grow.

Who writes a book in this process tells it here at once. Books written elsewhere are looked at: all
the more often, the more recently they grew. Nothing depends on being told, only how soon.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Refusal
from bezant.kernel.http import ServerEvent
from bezant.kernel.telemetry import FEED_LAG
from bezant.ledger.errors import BookNotFound, FeedPositionAhead
from bezant.ledger.feed.events import Events, type_of
from bezant.ledger.feed.history import find_head

PAGE_EVENTS_MAX: Final = 200

READS_AT_ONCE_MAX: Final = 3
"""Of a process, so that readers who catch up leave connections to those who post."""

POLL_S_MIN: Final = 0.01
POLL_S_MAX: Final = 0.5
_POLLS: Final = 10
"""A book is looked at after one part in so many of the time since it last grew."""

_Key = tuple[UUID, UUID]
ReadPage = Callable[[UUID, UUID, int, int, int | None], Awaitable[Events]]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page as every reader gets it."""

    after: int
    last: int
    events: Sequence[ServerEvent]
    recorded_at: datetime


class _Book:
    """A book that somebody follows."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.followers = 0
        self.is_told = False
        self.refusal: Refusal | None = None
        self.page: Rendered | None = None
        self.reading = asyncio.Lock()
        self.poller: asyncio.Task[None] | None = None
        self._grown = asyncio.Event()

    def grow(self, seq: int) -> None:
        if seq > self.seq:
            self.seq = seq
            self._wake()

    def fail(self, refusal: Refusal) -> None:
        self.refusal = refusal
        self._wake()

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()

    async def beyond(self, seq: int) -> None:
        while self.seq <= seq:
            if self.refusal is not None:
                raise self.refusal
            await self._grown.wait()


class Tail:
    """The books that are followed in this process, and where they end.

    Args:
        database: where books written elsewhere are looked at.
        clock: tells how late events are.
        read_page: reads `(tenant, book, after, limit, read_after)`.
    """

    def __init__(self, database: Database, clock: Clock, read_page: ReadPage) -> None:
        self._database = database
        self._clock = clock
        self._read_page = read_page
        self._books: dict[_Key, _Book] = {}
        self._reads = asyncio.Semaphore(READS_AT_ONCE_MAX)

    def grew(self, tenant_id: UUID, book_id: UUID, seq: int) -> None:
        """A book's numbers up to `seq` are durable."""
        book = self._books.get((tenant_id, book_id))
        if book is not None:
            book.is_told = True
            book.grow(seq)

    async def follow(
        self, tenant_id: UUID, book_id: UUID, after: int, read_after: int | None
    ) -> "Follower":
        """Events that follow `after`, for as long as somebody asks for them.

        Raises:
            BookNotFound: the tenant has no such book.
            FeedPositionAhead: the book has not given the number `after` yet.
        """
        key = (tenant_id, book_id)
        head = await find_head(self._database, *key)
        if head is None:
            raise BookNotFound(f"No book {book_id}.")
        if after > head:
            raise _ahead(after, head)
        book = self._books.get(key)
        if book is None:
            book = self._books[key] = _Book(head)
            book.poller = asyncio.create_task(self._poll(key, book), name=f"tail {book_id}")
        book.grow(head)
        book.followers += 1
        return Follower(self, key, book, after, read_after)

    async def leave(self, key: _Key, book: _Book) -> None:
        """A follower has gone; with the last one nobody looks any more."""
        book.followers -= 1
        if not book.followers:
            if self._books.get(key) is book:
                del self._books[key]
            assert book.poller is not None
            book.poller.cancel()
            with suppress(asyncio.CancelledError):
                await book.poller

    async def events(self, key: _Key, book: _Book, after: int, read_after: int | None) -> Rendered:
        """Events after a number that the book has passed. Readers at its end share one read."""
        if after + PAGE_EVENTS_MAX < book.seq:
            return await self._rendered(key, after, read_after)
        async with book.reading:
            page = book.page
            if page is None or not page.after <= after < page.last:
                page = book.page = await self._rendered(key, after, read_after)
            return page

    def observe(self, recorded_at: datetime) -> None:
        """Count how late an event is."""
        age = self._clock.now() - recorded_at
        FEED_LAG.labels("sse").observe(max(0, age.total_seconds()))

    def now(self) -> datetime:
        """The present."""
        return self._clock.now()

    async def _rendered(self, key: _Key, after: int, read_after: int | None) -> Rendered:
        # A replica may answer if it holds what comes next.
        seen = None if read_after is None else max(read_after, after + 1)
        async with self._reads:
            page = await self._read_page(*key, after, PAGE_EVENTS_MAX, seen)
        assert page.events, "whoever reads has been told that the book went on"
        rendered = [
            ServerEvent.of(event.seq, type_of(event), msgspec.json.encode(event))
            for event in page.events
        ]
        return Rendered(after, page.next, rendered, page.events[-1].recorded_at)

    async def _poll(self, key: _Key, book: _Book) -> None:
        loop = asyncio.get_running_loop()
        grew_at = loop.time()
        try:
            while True:
                idle_s = (loop.time() - grew_at) / _POLLS
                pause_s = POLL_S_MAX if book.is_told else min(max(idle_s, POLL_S_MIN), POLL_S_MAX)
                await asyncio.sleep(pause_s)
                head = await find_head(self._database, *key)
                if head is None or head < book.seq:
                    raise _ahead(book.seq, head or 0)
                if head > book.seq:
                    grew_at, book.is_told = loop.time(), False
                    book.grow(head)
        except Refusal as refusal:
            # Its readers come back, and are told themselves how it stands.
            if self._books.get(key) is book:
                del self._books[key]
            book.fail(refusal)


class Follower:
    """One reader's place in a book's feed."""

    def __init__(
        self, tail: Tail, key: _Key, book: _Book, after: int, read_after: int | None
    ) -> None:
        self._tail = tail
        self._key = key
        self._book = book
        self._after = after
        self._read_after = read_after
        self._since = tail.now()

    async def next(self) -> Sequence[ServerEvent]:
        """The events that follow; waits for some."""
        await self._book.beyond(self._after)
        page = await self._tail.events(self._key, self._book, self._after, self._read_after)
        events = page.events[self._after - page.after :]
        self._after += len(events)
        assert events[-1].id == str(self._after), "the feed has no holes"
        if page.recorded_at > self._since:
            self._tail.observe(page.recorded_at)
        return events

    async def close(self) -> None:
        """Follow no longer."""
        await self._tail.leave(self._key, self._book)


def _ahead(after: int, head: int) -> FeedPositionAhead:
    return FeedPositionAhead(
        f"The book's feed ends at {head}.", field="after", after=after, head=head
    )
