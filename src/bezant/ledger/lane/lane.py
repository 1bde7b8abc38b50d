"""A lane: the one writer of a book. It commits what waits, a batch at a time.

While the database writes a batch, the next one is decided on the book as that batch will leave it.
It is written only once that batch is known to be durable; if it is not, what was decided on top of
it is undone first, then the batch itself, and the items are decided again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import asyncpg

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, DatabaseUnavailable
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.telemetry import (
    LANE_QUEUE,
)
from bezant.ledger.lane.ahead import Ahead, Decided, Flight, IdsInDoubt
from bezant.ledger.lane.book import BookState
from bezant.ledger.lane.commits import Commits, Grew, is_something_taken, told_nobody
from bezant.ledger.lane.queue import Item, Queue
from bezant.ledger.lane.reader import prepare
from bezant.ledger.lane.rider import Rider, Seen
from bezant.ledger.lane.watch import Watch
from bezant.ledger.lane.writer import LaneLost

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

AHEAD_WEIGHT_MIN: Final = 500
"""Postings that have to wait for a batch to be decided before the one in flight is durable."""


class Lane:
    """The writer of one book, as long as its epoch lasts.

    Every failure that leaves the database's state in doubt ends the lane with `LaneLost`; whoever
    takes it next finds the truth in the database, and answers of requests that did commit in their
    idempotency records.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        book: BookState,
        *,
        grew: Grew = told_nobody,
    ) -> None:
        self._database = database
        self._clock = clock
        self._grew = grew
        self._book = book
        self._commits = Commits(database, clock, ids, book, grew)
        self._queue = Queue()
        self._wakeup = asyncio.Event()
        self._turn = asyncio.Lock()
        self._guests = 0
        self._flight: Flight | None = None
        self._is_closing = False
        self._lost: LaneLost | None = None
        self._runner = asyncio.create_task(self._run(), name=f"lane {book.book_id}")

    async def submit(self, rider: Rider, call: Call) -> Answer:
        """Wait until the rider's batch is durable.

        Raises:
            LaneLost: another process has the lane now, or will: send the rider again, to whoever
                holds it.
            Busy: too much is waiting.
            Unavailable: nothing was done, or a repeat with the same key is safe.
        """
        if self.is_lost:
            raise LaneLost from self._lost
        item = Item(rider, call, rider.weight, asyncio.get_running_loop().create_future())
        self._queue.put(item)
        LANE_QUEUE.inc()
        self._wakeup.set()
        return await item.done

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[BookState]:
        """The book between two batches, for a commit over several books.

        Raises:
            LaneLost: another process has the lane now, or will.
        """
        self._guests += 1
        self._wakeup.set()
        try:
            async with self._turn:
                if self.is_lost:
                    raise LaneLost from self._lost
                try:
                    yield self._book
                except (LaneLost, CommitUnknown, DatabaseUnavailable):
                    self._lose(LaneLost())
                    raise
        finally:
            self._guests -= 1

    def tell(self) -> None:
        """Tell who follows the book how far it is durable; nothing is under way."""
        self._grew(self._book.tenant_id, self._book.book_id, self._book.head.seq)

    @property
    def watch(self) -> Watch:
        """Who watches its book."""
        return self._book.watch

    @property
    def is_lost(self) -> bool:
        """Whether it takes nothing more."""
        return self._lost is not None or self._is_closing

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        return not len(self._queue) and not self._turn.locked()

    async def close(self) -> None:
        """Finish what waits, take nothing more."""
        self._is_closing = True
        self._wakeup.set()
        await asyncio.wait([self._runner])

    def _lose(self, lost: LaneLost) -> None:
        self._lost = lost
        self._wakeup.set()

    async def _run(self) -> None:
        try:
            while self._lost is None and not (self._is_closing and not len(self._queue)):
                if not len(self._queue):
                    self._wakeup.clear()
                    await self._wakeup.wait()
                    continue
                async with self._turn:
                    if self._lost is None:
                        await self._serve_waiting()
        except (LaneLost, CommitUnknown, DatabaseUnavailable) as error:
            # What is in memory may no longer be so. Whoever takes the lane next looks.
            self._lose(error if isinstance(error, LaneLost) else LaneLost())
        finally:
            # Whatever ended the lane, nobody is left waiting for it.
            self._lost = self._lost or LaneLost()
            waiting = self._queue.drain()
            LANE_QUEUE.dec(len(waiting))
            _give_up(waiting)
            await self._let_land()

    async def _serve_waiting(self) -> None:
        """Commit what waits: while one batch is being written, the next is decided.

        Ends with nothing under way, when nothing waits, or somebody waits for the turn.
        """
        await self._serve_next()
        while self._flight is not None or (len(self._queue) and not self._guests):
            if self._flight is None or await self._is_next_worth_deciding(self._flight):
                await self._serve_next()
            else:
                await self._redo(await self._land())

    async def _is_next_worth_deciding(self, flight: Flight) -> bool:
        """Wait until enough waits to decide it now; False when the batch in flight landed first.

        A few small items are not decided ahead: those that come until the batch has landed share a
        commit with them. Nor is bulk after bulk that small items wait for.
        """
        while not flight.task.done():
            is_quiet_wanted = self._guests or self._book.is_overfull
            is_quiet_wanted |= self._queue.is_next_put_off(flight.ahead.items)
            if self._queue.weight >= AHEAD_WEIGHT_MIN and not is_quiet_wanted:
                return True
            self._wakeup.clear()
            await self._wakeup.wait()
        return False

    async def _serve_next(self) -> None:
        """Take a batch, decide it if that needs nothing of its transaction, and write it."""
        if self._flight is None:
            self._book.forget()
        items = self._queue.take()
        LANE_QUEUE.dec(len(items))
        try:
            ahead = await self._decide_ahead(items)
            failed = await self._land()
            if failed is not None:
                if ahead is not None:
                    ahead.undo()
                await self._redo(failed)
                ahead = None
            if self._queue.give_way(items):
                if ahead is not None:
                    ahead.undo()
                LANE_QUEUE.inc(len(items))
                return
            if ahead is not None:
                self._take_off(ahead)
                return
            await self._commits.serve(items)
        except BaseException:
            _give_up(items)
            raise
        _give_up(items)

    async def _decide_ahead(self, items: Sequence[Item]) -> Ahead | None:
        """Decide on what the batch in flight will have made true; None when that cannot be.

        Rows of other domains are read within the batch's own transaction, so who needs them is
        decided there.
        """
        reads = [item.rider.reads() for item in items]
        if any(read.need_rest for read in reads):
            return None
        ahead = Ahead(items)
        before = None if self._flight is None else self._flight.ahead
        others: Sequence[Item] = ahead.follow(before)
        at = self._clock.now()
        try:
            others = await self._commits.answer_repeats(others)
            if not others:
                return ahead
            await prepare(self._database, self._book, reads, at)
            if not self._book.expiries.are_known(at):
                return None
            recorded = {} if before is None else before.named
            try:
                ahead.decided = await Decided.of(others, Seen(self._commits.draft(at, recorded)))
            except IdsInDoubt:
                recorded |= await self._commits.find_recorded(reads)
                seen = Seen(self._commits.draft(at, recorded))
                ahead.decided = await Decided.of(others, seen, are_ids_looked_up=True)
        except DatabaseUnavailable:
            raise
        except (Unavailable, asyncpg.PostgresError):
            return None  # tried again once the lane is quiet, and explained to the items then
        return ahead

    def _take_off(self, ahead: Ahead) -> None:
        """Write a batch while others are decided."""
        for item, answer in ahead.followers:
            item.answer(answer)  # the batch before is durable
        if ahead.decided is not None:
            task = asyncio.create_task(self._commits.write(ahead.decided), name="batch in flight")
            task.add_done_callback(lambda _: self._wakeup.set())
            self._flight = Flight(ahead, task)

    async def _land(self) -> Flight | None:
        """Wait for the batch in flight; what the database refused is handed back, to be redone.

        Raises:
            LaneLost: or CommitUnknown or DatabaseUnavailable: nobody knows what is true.
        """
        flight = self._flight
        if flight is None:
            return None
        await asyncio.wait([flight.task])
        error = flight.task.exception()
        if isinstance(error, DatabaseUnavailable) or (
            error is not None and not isinstance(error, Unavailable | asyncpg.PostgresError)
        ):
            raise error
        self._flight = None
        return None if error is None else flight

    async def _redo(self, failed: Flight | None) -> None:
        """Serve a batch that was refused, by itself, on what is true; nothing stands on it."""
        if failed is None:
            return
        failed.ahead.undo()
        are_ids_new = not is_something_taken(failed.task.exception())
        try:
            await self._commits.serve(failed.ahead.items, are_ids_new=are_ids_new)
        finally:
            _give_up(failed.ahead.items)

    async def _let_land(self) -> None:
        """Leave nothing in flight behind; who is answered keeps the answer."""
        flight, self._flight = self._flight, None
        if flight is None:
            return
        try:
            await asyncio.wait([flight.task])
        finally:
            flight.task.cancel()
            _give_up(flight.ahead.items)


def _give_up(items: Iterable[Item]) -> None:
    """Send away those that are not answered; they ask again, whoever has the lane then."""
    for item in items:
        item.fail(LaneLost())
