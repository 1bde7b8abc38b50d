"""Work over several books of a tenant: one commit, all of it or nothing."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import asyncpg

from bezant.kernel import audit, idempotency, purity
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import Ids
from bezant.kernel.telemetry import TRANSFERS
from bezant.ledger.lane import store
from bezant.ledger.lane.book import BookState
from bezant.ledger.lane.deciding import SeenRows, read_rows
from bezant.ledger.lane.draft import Draft
from bezant.ledger.lane.expiry import expire_backlog, expire_due
from bezant.ledger.lane.lane import Lane
from bezant.ledger.lane.reader import find_transactions, prepare
from bezant.ledger.lane.recorded import recorded_of
from bezant.ledger.lane.rider import Decision, Reads, Seen
from bezant.ledger.lane.writer import LaneLost, write_draft

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy


class JointRider(Protocol):
    """A request over several books of one tenant."""

    def reads(self) -> Mapping[UUID, Reads]:
        """What must be known before deciding, by book; these are the books that it touches."""
        ...

    def decide(self, seen: Mapping[UUID, Seen]) -> Decision:
        """Decide, without any I/O. May run several times.

        Raises:
            Refusal: declines; what it had posted is undone in every book.
        """
        ...


class JointCommit:
    """One joint rider on its way through the lanes of its books.

    Args:
        lanes: in the order of their books' ids, which is the order in which everybody takes them:
            so two joint commits never wait for each other.
    """

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, lanes: Sequence[Lane], call: Call
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._lanes = lanes
        self._call = call

    async def carry_out(self, rider: JointRider) -> Answer:
        """Take the lanes' turns, decide, and commit in all books at once.

        Raises:
            LaneLost: a lane was lost, or a key was used meanwhile: look again.
            CommitUnknown: as LaneLost.
            DatabaseUnavailable: as LaneLost.
        """
        async with AsyncExitStack() as turns:
            books = [await turns.enter_async_context(lane.turn()) for lane in self._lanes]
            earlier = await idempotency.find(self._database, self._call.tenant_id, [self._call])
            if self._call.id in earlier:
                return earlier[self._call.id]
            return await self._commit(rider, {book.book_id: book for book in books})

    async def _commit(self, rider: JointRider, books: Mapping[UUID, BookState]) -> Answer:
        reads = rider.reads()
        at = self._clock.now()
        recorded = {}
        for book_id, book in books.items():
            await prepare(self._database, book, [reads[book_id]], at)
            await expire_backlog(self._database, self._ids, book, at)
            found = await find_transactions(self._database, book, reads[book_id].transactions)
            recorded[book_id] = {name: recorded_of(rows) for name, rows in found.items()}
        wanted = {kind_and_key for read in reads.values() for kind_and_key in read.rows}
        drafts: dict[UUID, Draft] = {}

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            _discard(drafts)
            for book_id, book in books.items():
                drafts[book_id] = Draft(book, at, self._ids, dict(recorded[book_id]))
            latest = max(draft.at for draft in drafts.values())
            rows = await read_rows(connection, self._call.tenant_id, wanted, latest)
            decision = _decide(rider, drafts, rows)
            for draft in drafts.values():
                await write_draft(connection, draft)
            travelling = [
                *decision.rows,
                *idempotency.record(self._call, decision.answer, at),
                *audit.entry(self._call, decision.answer, at),
            ]
            await write_rows(connection, self._call.tenant_id, travelling)
            return decision.answer

        try:
            answer = await self._database.transaction(work, begin=store.BEGIN_BATCH)
        except asyncpg.UniqueViolationError as error:
            _discard(drafts)
            if error.constraint_name != idempotency.CONSTRAINT:
                raise
            raise LaneLost from error
        except BaseException:
            _discard(drafts)
            raise
        for book_id, draft in drafts.items():
            books[book_id].head = draft.next_head(draft.root)
            await books[book_id].watch.publish(draft)
            books[book_id].expiries.settle(draft.at)
            TRANSFERS.inc(len(draft.transfers))
        for lane in self._lanes:
            lane.tell()
        return answer


def _decide(rider: JointRider, drafts: Mapping[UUID, Draft], rows: SeenRows) -> Decision:
    try:
        for draft in drafts.values():
            expire_due(draft)
        with purity.deciding():
            return rider.decide({book_id: Seen(draft, rows) for book_id, draft in drafts.items()})
    except Refusal as refusal:
        for draft in drafts.values():
            draft.discard()
        return Decision(Answer.refused(refusal))


def _discard(drafts: dict[UUID, Draft]) -> None:
    while drafts:
        drafts.popitem()[1].discard()
