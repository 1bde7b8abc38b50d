"""Checkpoints as a whole: what a process needs to sign, publish, judge, list and accept them."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import SecretSealer
from bezant.ledger.checkpoints import store
from bezant.ledger.checkpoints.accepting import accept
from bezant.ledger.checkpoints.keyring import Keyring
from bezant.ledger.checkpoints.places import Place
from bezant.ledger.checkpoints.rounds import Rounds
from bezant.ledger.checkpoints.schemas import Checkpoints
from bezant.ledger.checkpoints.signing import Signer
from bezant.ledger.checkpoints.standing import Standing
from bezant.ledger.checkpoints.views import view_of
from bezant.ledger.proofs import LogReader


class CheckpointService:
    """The use cases of checkpoints.

    Attributes:
        keys: what signs them.
        standing: for the lanes, which it lets be taken.
        rounds: for the job runner.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        sealer: SecretSealer,
        places: Sequence[Place],
        *,
        every: timedelta = timedelta(minutes=1),
    ) -> None:
        self._database = database
        self._clock = clock
        self._places = places
        self.keys = Keyring(database, clock, ids, sealer)
        self.standing = Standing(database, self.keys, places)
        self._signer = Signer(database, clock, ids, self.keys, self.standing)
        self.rounds = Rounds(database, clock, self._signer, self.standing, places, every)

    async def page(
        self, tenant_id: UUID, book_id: UUID, *, after: str | None, limit: int
    ) -> Checkpoints:
        """`GET …/checkpoints`: a book's, oldest first, after the number `after`.

        Raises:
            BookNotFound: the tenant has no such book.
        """
        rows = await self._database.fetch(
            store.FIND_AFTER, tenant_id, book_id, int(after or 0), limit + 1
        )
        if not rows:
            await LogReader(self._database, tenant_id, book_id).head()
        found = [view_of(row) for row in rows[:limit]]
        return Checkpoints(found, str(found[-1].number) if len(rows) > limit else None)

    async def accept(self, call: Call, book_id: UUID, reason: str) -> Answer:
        """Go on from what there is (200 `Checkpoint`); see `bezant checkpoints accept`."""
        return await accept(
            self._database,
            self._clock,
            self._signer,
            self.standing,
            self._places,
            call,
            book_id,
            reason,
        )

    async def close(self) -> None:
        """Let go of the places."""
        for place in self._places:
            await place.close()
