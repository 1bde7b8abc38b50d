"""A lane: the one writer of a book. It commits what waits, a batch at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
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
    BATCH_SECONDS,
    IDEMPOTENT_REPLAYS,
    LANE_QUEUE,
    TRANSFERS,
)
from bezant.ledger.lane import store
from bezant.ledger.lane.book import BookState
from bezant.ledger.lane.deciding import Outcome, decide, read_rows
from bezant.ledger.lane.draft import Draft
from bezant.ledger.lane.expiry import expire_backlog
from bezant.ledger.lane.queue import Item, Queue
from bezant.ledger.lane.reader import find_transactions, prepare
from bezant.ledger.lane.recorded import recorded_of
from bezant.ledger.lane.rider import Rider
from bezant.ledger.lane.writer import LaneLost, write_draft

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

Grew = Callable[[UUID, UUID, int], None]
"""Told of a tenant's book, and of the number up to which it is durable."""

_TRIES_MAX: Final = 5
_TRANSFER: Final = "transfer"


def told_nobody(_tenant_id: UUID, _book_id: UUID, _seq: int) -> None:
    """Nobody follows."""


class _IdsInDoubt(Exception):  # noqa: N818 - a turn of events: the ids are looked up
    """An item under a client's id was refused, which may have been posted before."""


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
        async with self._turn:
            if self.is_lost:
                raise LaneLost from self._lost
            try:
                yield self._book
            except (LaneLost, CommitUnknown, DatabaseUnavailable):
                self._lose(LaneLost())
                raise

    def tell(self) -> None:
        """Tell who follows the book how far it is durable."""
        self._grew(self._book.tenant_id, self._book.book_id, self._book.head.seq)

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
                        await self._serve_next()
        except LaneLost as lost:
            self._lose(lost)
        finally:
            # Whatever ended the lane, nobody is left waiting for it.
            self._lost = self._lost or LaneLost()
            waiting = self._queue.drain()
            LANE_QUEUE.dec(len(waiting))
            for item in waiting:
                item.fail(LaneLost())

    async def _serve_next(self) -> None:
        batch = self._queue.take()
        LANE_QUEUE.dec(len(batch))
        try:
            await self._serve(batch)
        except (LaneLost, CommitUnknown, DatabaseUnavailable) as error:
            # What is in memory may no longer be so. Whoever takes the lane next looks.
            raise LaneLost from error
        finally:
            # Those that have their answer keep it.
            for item in batch:
                item.fail(LaneLost())

    async def _serve(self, items: Sequence[Item]) -> None:
        """Commit items together; refused by the database, in halves, so that a bad one is alone."""
        try:
            await self._commit(items)
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

    async def _commit(self, items: Sequence[Item]) -> None:
        started = perf_counter()
        are_ids_new = True
        for _ in range(_TRIES_MAX):
            items = await self._answer_repeats(items)
            if not items:
                return
            try:
                outcome = await self._write(items, are_ids_new=are_ids_new)
            except _IdsInDoubt:
                are_ids_new = False
                continue
            except asyncpg.UniqueViolationError as error:
                if (error.table_name or "").startswith(_TRANSFER) and are_ids_new:
                    are_ids_new = False
                elif error.constraint_name != idempotency.CONSTRAINT:
                    raise
                # Else another book's lane used one of the keys since they were looked up.
                continue
            self._book.head = outcome.head
            self.tell()
            for item, answer in outcome.answers:
                item.answer(answer)
            for item, defect in outcome.broken:
                item.fail(defect)
            TRANSFERS.inc(len(outcome.draft.transfers))
            BATCH_ITEMS.observe(len(items))
            BATCH_SECONDS.observe(perf_counter() - started)
            self._book.expiries.settle(outcome.draft.at)
            self._book.forget()
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

    async def _write(self, items: Sequence[Item], *, are_ids_new: bool) -> Outcome:
        """Decide and write, in one transaction.

        Transactions under given ids are looked up only when one of them may stand already, since
        the unique index has told so or it was refused: a probe for each costs more than the rare
        second try.
        """
        reads = [item.rider.reads() for item in items]
        at = self._clock.now()
        await prepare(self._database, self._book, reads, at)
        if not self._book.expiries.are_known(at):
            await expire_backlog(self._database, self._ids, self._book, at)
        given = set() if are_ids_new else {given for read in reads for given in read.transactions}
        found = await find_transactions(self._database, self._book, given)
        recorded = {name: recorded_of(rows) for name, rows in found.items()}
        wanted = {kind_and_key for read in reads for kind_and_key in read.rows}
        undecided: list[Draft] = []

        async def work(connection: "Connection") -> Outcome:
            while undecided:
                undecided.pop().discard()
            rows = await read_rows(connection, self._book.tenant_id, wanted)
            draft = Draft(self._book, at, self._ids, dict(recorded))
            undecided.append(draft)
            outcome = decide(items, draft, rows)
            if draft.is_in_doubt and are_ids_new:
                raise _IdsInDoubt
            await write_draft(connection, draft)
            await write_rows(connection, self._book.tenant_id, outcome.rows)
            return outcome

        try:
            return await self._database.transaction(work, begin=store.BEGIN_BATCH)
        except BaseException:
            while undecided:
                undecided.pop().discard()
            raise
