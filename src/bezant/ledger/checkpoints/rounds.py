"""Rounds: every so often, what has grown is signed, and what was signed is published."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog
from msgspec import Struct

from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.jobs import PLATFORM, Done, Handling, Job, JobKind, RetryPolicy, Schedule
from bezant.kernel.sealing import SealBroken
from bezant.kernel.telemetry import CHECKPOINTS, CHECKPOINTS_COMPLETE
from bezant.ledger.checkpoints import store
from bezant.ledger.checkpoints.errors import Forked, PlaceUnavailable
from bezant.ledger.checkpoints.places import Place, Published
from bezant.ledger.checkpoints.signing import Signer
from bezant.ledger.checkpoints.standing import Standing
from bezant.ledger.proofs import LogBroken

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_PER_READ: Final = 500

log = structlog.get_logger("bezant.checkpoints")


class Publish(Struct, frozen=True):
    """The job's payload: nothing, since what is due follows from the books."""


PUBLISH: Final = JobKind(
    "checkpoint.publish",
    Publish,
    RetryPolicy(attempts_max=3, first_s=5),
    attempt_s_max=1800,
    at_once_max=1,
)


class Rounds:
    """Looks after the checkpoints of every book.

    What a place lacks is seen from the place itself: nothing is remembered of what it has got, so
    that nothing is lost when it was down, was emptied, or a process ended half-way.

    Args:
        database: connected as the application's role.
        clock: tells when a round was complete.
        signer: signs what has grown.
        standing: judges what is outside.
        places: where notes are kept.
        every: how often.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        signer: Signer,
        standing: Standing,
        places: Sequence[Place],
        every: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._signer = signer
        self._standing = standing
        self._places = places
        self._every = every
        # Up to which number every place has a book's notes, as far as this process has seen to it.
        self._complete: dict[UUID, int] = {}

    def handling(self) -> Handling[Publish]:
        """For the runner."""
        return Handling(PUBLISH, self._carry_out)

    def schedule(self) -> Schedule:
        """When it runs."""
        return Schedule(PUBLISH, Publish(), self._every)

    async def run(self, tenant_id: UUID | None = None) -> None:
        """Sign and publish what is due now, of every tenant or of one.

        Raises:
            Unavailable: the database cannot be asked; the next round goes on.
        """
        places = list(self._places)
        is_complete = True
        async for tenant, row in self._standings(tenant_id):
            book = row["book_id"]
            has_grown = row["log_size"] > (row["signed_size"] or 0)
            if not has_grown and self._complete.get(book) == row["signed_no"]:
                continue
            is_complete &= await self._look_after(tenant, book, places, has_grown=has_grown)
        if is_complete and len(places) == len(self._places):
            CHECKPOINTS_COMPLETE.set(int(self._clock.now().timestamp()))

    async def _carry_out(self, _job: Job[Publish]) -> Done:
        await self.run()
        return Done()

    async def _standings(
        self, tenant_id: UUID | None
    ) -> "AsyncIterator[tuple[UUID, asyncpg.Record]]":
        tenants = self._tenants() if tenant_id is None else _one(tenant_id)
        async for tenant in tenants:
            after = UUID(int=0)
            while rows := await self._database.fetch(
                store.FIND_STANDINGS, tenant, after, _PER_READ
            ):
                for row in rows:
                    yield tenant, row
                after = rows[-1]["book_id"]

    async def _tenants(self) -> AsyncIterator[UUID]:
        after = PLATFORM
        while rows := await self._database.fetch(store.FIND_TENANTS, after, _PER_READ):
            for row in rows:
                yield row["tenant_id"]
            after = rows[-1]["tenant_id"]

    async def _look_after(
        self, tenant_id: UUID, book_id: UUID, places: list[Place], *, has_grown: bool
    ) -> bool:
        """See to one book; whether all of it is done. A place that fails leaves `places`."""
        try:
            lasts = await self._lasts(tenant_id, book_id, places)
            # With no place that says what was signed, nobody would see that the log was set back.
            if has_grown and (lasts or not self._places):
                number_min = 1 + max(
                    (last.number for _, last in lasts if last is not None), default=0
                )
                await self._signer.sign(tenant_id, book_id, number_min=number_min)
            signed = await self._signer.last(tenant_id, book_id)
            for place, last in lasts:
                await self._publish(tenant_id, book_id, place, last, places)
        except (Forked, LogBroken) as error:
            CHECKPOINTS.labels("refused").inc()
            log.error("checkpoint_refused", book=str(book_id), problem=str(error))  # noqa: TRY400 - a finding
            await self._dispossess(tenant_id, book_id)
            return False
        except SealBroken as error:
            CHECKPOINTS.labels("failed").inc()
            log.error("checkpoint_key_sealed", book=str(book_id), problem=str(error))  # noqa: TRY400 - as above
            return False
        except CommitUnknown:
            return False  # the next round sees what became of it
        if len(lasts) == len(self._places) == len(places) and signed is not None:
            self._complete[book_id] = signed.number
        return True

    async def _lasts(
        self, tenant_id: UUID, book_id: UUID, places: list[Place]
    ) -> list[tuple[Place, Published | None]]:
        """What each place has of a book last, which the book's log has to extend.

        Raises:
            Forked: it does not.
        """
        lasts: list[tuple[Place, Published | None]] = []
        for place in list(places):
            try:
                last = await place.last(tenant_id, book_id)
            except PlaceUnavailable as error:
                _leave(places, place, error)
                continue
            if last is not None:
                fault = await self._standing.fault(tenant_id, book_id, last)
                if fault is not None:
                    raise Forked(fault)
            lasts.append((place, last))
        return lasts

    async def _publish(
        self,
        tenant_id: UUID,
        book_id: UUID,
        place: Place,
        last: Published | None,
        places: list[Place],
    ) -> None:
        """Bring a place what it lacks, in order."""
        reached = 0 if last is None else last.number
        while rows := await self._database.fetch(
            store.FIND_AFTER, tenant_id, book_id, reached, _PER_READ
        ):
            notes = [Published(row["checkpoint_no"], row["note"]) for row in rows]
            try:
                await place.put(tenant_id, book_id, notes)
            except PlaceUnavailable as error:
                _leave(places, place, error)
                return
            CHECKPOINTS.labels("published").inc(len(notes))
            reached = notes[-1].number

    async def _dispossess(self, tenant_id: UUID, book_id: UUID) -> None:
        """Have whoever writes the book be judged again."""

        async def work(connection: "Connection") -> None:
            await connection.execute(store.DISPOSSESS, tenant_id, book_id)

        try:
            await self._database.transaction(work)
        except (CommitUnknown, Unavailable) as error:
            log.warning("lane_not_dispossessed", book=str(book_id), error=type(error).__name__)


def _leave(places: list[Place], place: Place, error: PlaceUnavailable) -> None:
    """Go on without a place, until the next round."""
    places.remove(place)
    CHECKPOINTS.labels("failed").inc()
    log.warning("checkpoints_not_published", place=error.place, reason=error.reason)


async def _one(tenant_id: UUID) -> AsyncIterator[UUID]:
    yield tenant_id
