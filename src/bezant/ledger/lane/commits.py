"""Committing the items of a lane: answered from their records, decided, written, published."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from bezant.kernel import idempotency
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, DatabaseUnavailable
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.telemetry import BATCH_ITEMS, IDEMPOTENT_REPLAYS, TRANSFERS
from bezant.ledger.lane import store
from bezant.ledger.lane.ahead import Decided, IdsInDoubt
from bezant.ledger.lane.book import BookState
from bezant.ledger.lane.deciding import read_rows
from bezant.ledger.lane.draft import Draft, Recorded
from bezant.ledger.lane.expiry import expire_backlog
from bezant.ledger.lane.queue import Item
from bezant.ledger.lane.reader import find_transactions, prepare, read_results
from bezant.ledger.lane.recorded import recorded_of
from bezant.ledger.lane.rider import Reads, Seen
from bezant.ledger.lane.writer import write

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_TRIES_MAX: Final = 5

Grew = Callable[[UUID, UUID, int], None]
"""Told of a tenant's book, and of the number up to which it is durable."""


def told_nobody(_tenant_id: UUID, _book_id: UUID, _seq: int) -> None:
    """Nobody follows."""


class Commits:
    """Commits of one book, one at a time.

    Args:
        book: in memory, which is changed by deciding, and back by undoing.
        grew: told how far the book is durable.
    """

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, book: BookState, grew: Grew
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._book = book
        self._grew = grew

    async def serve(self, items: Sequence[Item], *, are_ids_new: bool = True) -> None:
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
            await self.serve(items[:middle])
            await self.serve(items[middle:])

    async def _commit(self, items: Sequence[Item], *, are_ids_new: bool) -> None:
        for _ in range(_TRIES_MAX):
            try:
                decided = await self._decide_and_write(items, are_ids_new=are_ids_new)
            except IdsInDoubt:
                are_ids_new = False
                continue
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name != idempotency.CONSTRAINT:
                    # Maybe for an id that is taken: of several that clash, one is told of.
                    if not are_ids_new:
                        raise
                    are_ids_new = False
                # Else another book's lane used one of the keys since they were looked up.
                continue
            if decided is not None:
                await self._publish(decided)
            return
        raise Unavailable("An idempotency key is contended; repeat the request with the same key.")

    async def answer_repeats(self, items: Sequence[Item]) -> Sequence[Item]:
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

    async def _decide_and_write(
        self, items: Sequence[Item], *, are_ids_new: bool
    ) -> Decided | None:
        """Decide and write, in one transaction, with nothing in flight; None for repeats alone.

        Transactions under given ids are looked up only when one of them may stand already, since
        the unique index has told so or it was refused: a probe for each costs more than the rare
        second try.
        """
        # Beside the transaction: what it reads for a repeat is read in vain, and seldom.
        others = asyncio.create_task(self.answer_repeats(items), name="repeats of a batch")
        try:
            return await self._decide_and_write_others(items, others, are_ids_new=are_ids_new)
        finally:
            others.cancel()
            await asyncio.gather(others, return_exceptions=True)

    async def _decide_and_write_others(
        self, items: Sequence[Item], others: Awaitable[Sequence[Item]], *, are_ids_new: bool
    ) -> Decided | None:
        reads = [item.rider.reads() for item in items]
        wanted = {kind_and_key for read in reads for kind_and_key in read.rows}
        at = self._clock.now()
        await prepare(self._database, self._book, reads, at)
        if not self._book.expiries.are_known(at):
            await expire_backlog(self._database, self._ids, self._book, at)
        months = {read.results_of for read in reads if read.results_of is not None}
        results = await read_results(self._database, self._book, months)
        recorded = {} if are_ids_new else await self.find_recorded(reads)
        tried: list[Decided] = []

        async def work(connection: "Connection") -> Decided | None:
            while tried:
                tried.pop().undo()
            draft = self.draft(at, recorded)
            rows = await read_rows(connection, self._book.tenant_id, wanted, draft.at)
            if not (left := await others):
                return None
            seen = Seen(draft, rows, results)
            decided = await Decided.of(left, seen, are_ids_looked_up=not are_ids_new)
            tried.append(decided)
            await self._write(connection, decided)
            return decided

        try:
            return await self._database.transaction(work, begin=store.BEGIN_BATCH)
        except BaseException:
            while tried:
                tried.pop().undo()
            raise

    def draft(self, at: datetime, recorded: Mapping[UUID, Recorded]) -> Draft:
        """A batch in the making."""
        return Draft(self._book, at, self._ids, dict(recorded))

    async def find_recorded(self, reads: Iterable[Reads]) -> dict[UUID, Recorded]:
        """Those of the transactions that stand already, as far as they are durable."""
        given = {given for read in reads for given in read.transactions}
        found = await find_transactions(self._database, self._book, given)
        return {name: recorded_of(rows) for name, rows in found.items()}

    async def write(self, decided: Decided) -> None:
        """Write what is decided in a transaction of its own, and answer its items."""

        async def work(connection: "Connection") -> None:
            await self._write(connection, decided)

        await self._database.transaction(work, begin=store.BEGIN_BATCH)
        await self._publish(decided)

    async def _write(self, connection: "Connection", decided: Decided) -> None:
        await write(connection, decided.writes, decided.outcome.rows)

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


def is_something_taken(error: BaseException | None) -> bool:
    """Whether a key clashed, maybe the id of a transaction: of several that do, one is told of."""
    return isinstance(error, asyncpg.UniqueViolationError)
