"""Holds that are over: the lane gives them back before anything else of a batch."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.ledger.domain import Kind
from bezant.ledger.lane import store
from bezant.ledger.lane.book import BookState
from bezant.ledger.lane.draft import Draft
from bezant.ledger.lane.entry import begin
from bezant.ledger.lane.reader import prepare
from bezant.ledger.lane.rider import Decision, Reads, RiderKinds, Seen
from bezant.ledger.lane.terms import reopen_accounts
from bezant.ledger.lane.writer import write_draft

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


@RiderKinds.register
class ExpireHolds(msgspec.Struct, frozen=True):
    """Asks for nothing: the batch that carries it gives back what is over, as every batch does."""

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """Nothing."""
        return Reads()

    def decide(self, seen: Seen) -> Decision:  # noqa: ARG002 - a rider's signature
        """Nothing more."""
        return Decision(Answer.of(None))


def expire_due(draft: Draft) -> None:
    """Give back what remains of every hold that is over at the draft's instant.

    Each is a transaction of its own that counts from the instant that was promised.
    """
    for hold in draft.book.due_holds(draft.at):
        entry = begin(draft, draft.ids.new(), effective_at=hold.expires_at)
        draft.settle(hold)
        entry.settle(Kind.EXPIRED, hold, hold.expire())
        entry.close()
        reopen_accounts(draft, hold)


async def expire_backlog(database: Database, ids: Ids, book: BookState, at: datetime) -> None:
    """Give back what is over while that is more than is known at once, batch by batch.

    Whoever calls it has the lane for itself.

    Raises:
        LaneLost: as for any batch.
    """
    await prepare(database, book, (), at)
    while not book.expiries.are_known(at):
        draft = Draft(book, at, ids)

        async def work(
            connection: "PoolConnectionProxy[asyncpg.Record]", draft: Draft = draft
        ) -> None:
            draft.discard()
            expire_due(draft)
            await write_draft(connection, draft)

        try:
            await database.transaction(work, begin=store.BEGIN_BATCH)
        except BaseException:
            draft.discard()
            raise
        book.head = draft.next_head(draft.root)
        book.expiries.settle(draft.at)
        await prepare(database, book, (), at)
