"""A lane: the one writer of a book. It commits what waits, a batch at a time.

While the database writes a batch, the next one is decided on the book as that batch will leave it.
It is written only once that batch is known to be durable; if it is not, what was decided on top of
it is undone first, then the batch itself, and the items are decided again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, DatabaseUnavailable, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.telemetry import (
    BATCH_ITEMS,
    IDEMPOTENT_REPLAYS,
    LANE_QUEUE,
    TRANSFERS,
)
from bezant.ledger.lane import store
from bezant.ledger.lane.ahead import Ahead, Decided, Flight, IdsInDoubt
from bezant.ledger.lane.book import BookState
from bezant.ledger.lane.deciding import read_rows
from bezant.ledger.lane.draft import Draft, Recorded
from bezant.ledger.lane.expiry import expire_backlog
from bezant.ledger.lane.queue import Item, Queue
from bezant.ledger.lane.reader import find_transactions, prepare, read_results
from bezant.ledger.lane.recorded import recorded_of
from bezant.ledger.lane.rider import Reads, Rider, Seen
from bezant.ledger.lane.watch import Watch
from bezant.ledger.lane.writer import LaneLost, write

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

AHEAD_WEIGHT_MIN: Final = 500
"""Postings that have to wait for a batch to be decided before the one in flight is durable."""

Grew = Callable[[UUID, UUID, int], None]
"""Told of a tenant's book, and of the number up to which it is durable."""

_TRIES_MAX: Final = 5
_TRANSFER: Final = "transfer"


def told_nobody(_tenant_id: UUID, _book_id: UUID, _seq: int) -> None:
    """Nobody follows."""


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
        self._ids = ids
        self._grew = grew
        self._book = book
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
        commit with them.
        """
        while not flight.task.done():
            is_quiet_wanted = self._guests or self._book.is_overfull
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
            await self._serve(items)
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
            others = await self._answer_repeats(others)
            if not others:
                return ahead
            await prepare(self._database, self._book, reads, at)
            if not self._book.expiries.are_known(at):
                return None
            recorded = {} if before is None else before.named
            try:
                ahead.decided = await Decided.of(others, Seen(self._draft(at, recorded)))
            except IdsInDoubt:
                recorded |= await self._find_recorded(reads)
                seen = Seen(self._draft(at, recorded))
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
            task = asyncio.create_task(self._fly(ahead.decided), name="batch in flight")
            task.add_done_callback(lambda _: self._wakeup.set())
            self._flight = Flight(ahead, task)

    async def _fly(self, decided: Decided) -> None:
        async def work(connection: "Connection") -> None:
            await self._write(connection, decided)

        await self._database.transaction(work, begin=store.BEGIN_BATCH)
        await self._publish(decided)

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
        are_ids_new = not _is_id_taken(failed.task.exception())
        try:
            await self._serve(failed.ahead.items, are_ids_new=are_ids_new)
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

    async def _serve(self, items: Sequence[Item], *, are_ids_new: bool = True) -> None:
        """Commit items together; refused by the database, in halves, so that a bad one is alone."""
        try:
            await self._commit(items, are_ids_new=are_ids_new)
        except DatabaseUnavailable:
            raise
        except Unavailable as refusal:
            for item in items:
                item.fail(refusal)
        except asyncpg.PostgresError as error:
            if len(items) == 1:
                items[0].fail(error)
                return
            middle = len(items) // 2
            await self._serve(items[:middle])
            await self._serve(items[middle:])

    async def _commit(self, items: Sequence[Item], *, are_ids_new: bool) -> None:
        for _ in range(_TRIES_MAX):
            items = await self._answer_repeats(items)
            if not items:
                return
            try:
                decided = await self._decide_and_write(items, are_ids_new=are_ids_new)
            except IdsInDoubt:
                are_ids_new = False
                continue
            except asyncpg.UniqueViolationError as error:
                if _is_id_taken(error) and are_ids_new:
                    are_ids_new = False
                elif error.constraint_name != idempotency.CONSTRAINT:
                    raise
                # Else another book's lane used one of the keys since they were looked up.
                continue
            await self._publish(decided)
            return
        raise Unavailable("An idempotency key is contended; repeat the request with the same key.")

    async def _answer_repeats(self, items: Sequence[Item]) -> Sequence[Item]:
        """Answer the items whose keys have an answer already; the others remain."""
        answers = await idempotency.find(
            self._database, self._book.tenant_id, [item.call for item in items]
        )
        if not answers:
            return items
        for item in items:
            if item.call.id in answers:
                IDEMPOTENT_REPLAYS.inc()
                item.answer(answers[item.call.id])
        return [item for item in items if item.call.id not in answers]

    async def _decide_and_write(self, items: Sequence[Item], *, are_ids_new: bool) -> Decided:
        """Decide and write, in one transaction, with nothing in flight.

        Transactions under given ids are looked up only when one of them may stand already, since
        the unique index has told so or it was refused: a probe for each costs more than the rare
        second try.
        """
        reads = [item.rider.reads() for item in items]
        wanted = {kind_and_key for read in reads for kind_and_key in read.rows}
        at = self._clock.now()
        await prepare(self._database, self._book, reads, at)
        if not self._book.expiries.are_known(at):
            await expire_backlog(self._database, self._ids, self._book, at)
        months = {read.results_of for read in reads if read.results_of is not None}
        results = await read_results(self._database, self._book, months)
        recorded = {} if are_ids_new else await self._find_recorded(reads)
        tried: list[Decided] = []

        async def work(connection: "Connection") -> Decided:
            while tried:
                tried.pop().undo()
            rows = await read_rows(connection, self._book.tenant_id, wanted)
            draft = self._draft(at, recorded)
            seen = Seen(draft, rows, results)
            decided = await Decided.of(items, seen, are_ids_looked_up=not are_ids_new)
            tried.append(decided)
            await self._write(connection, decided)
            return decided

        try:
            return await self._database.transaction(work, begin=store.BEGIN_BATCH)
        except BaseException:
            while tried:
                tried.pop().undo()
            raise

    def _draft(self, at: datetime, recorded: Mapping[UUID, Recorded]) -> Draft:
        return Draft(self._book, at, self._ids, dict(recorded))

    async def _find_recorded(self, reads: Iterable[Reads]) -> dict[UUID, Recorded]:
        """Those of the transactions that stand already, as far as they are durable."""
        given = {given for read in reads for given in read.transactions}
        found = await find_transactions(self._database, self._book, given)
        return {name: recorded_of(rows) for name, rows in found.items()}

    async def _write(self, connection: "Connection", decided: Decided) -> None:
        await write(connection, decided.writes)
        await write_rows(connection, self._book.tenant_id, decided.outcome.rows)

    async def _publish(self, decided: Decided) -> None:
        """Answer the items of a batch that is durable, and tell who follows the book."""
        outcome, draft = decided.outcome, decided.outcome.draft
        await self._book.watch.publish(draft)
        self._grew(self._book.tenant_id, self._book.book_id, decided.writes.head.seq)
        for item, answer in outcome.answers:
            item.answer(answer)
        for item, defect in outcome.broken:
            item.fail(defect)
        draft.book.expiries.settle(draft.at)
        TRANSFERS.inc(len(draft.transfers))
        BATCH_ITEMS.observe(len(outcome.answers) + len(outcome.broken))
        decided.observe_time()


def _give_up(items: Iterable[Item]) -> None:
    """Send away those that are not answered; they ask again, whoever has the lane then."""
    for item in items:
        item.fail(LaneLost())


def _is_id_taken(error: BaseException | None) -> bool:
    """Whether a transaction under a client's id stands already."""
    return isinstance(error, asyncpg.UniqueViolationError) and (error.table_name or "").startswith(
        _TRANSFER
    )
