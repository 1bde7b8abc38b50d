"""The use cases of schedules and accruals."""

from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.ledger.schedules import schemas, store
from bezant.ledger.schedules.errors import ScheduleNotFound
from bezant.ledger.schedules.records import standing_of
from bezant.ledger.schedules.riders import Change, ChangeSchedule, CreateSchedule
from bezant.ledger.service import Ledger

if TYPE_CHECKING:
    import asyncpg

_BEFORE_ALL = UUID(int=0)


class Schedules:
    """A tenant's schedules.

    Args:
        ledger: in whose lanes they are made, changed and carried out.
        database: where they are read.
    """

    def __init__(self, ledger: Ledger, database: Database) -> None:
        self._ledger = ledger
        self._database = database

    async def create(
        self, call: Call, book_id: UUID, new: schemas.NewSchedule | schemas.NewAccrual
    ) -> Answer:
        """`POST …/schedules`, `POST …/accruals` -> 201 `Schedule`."""
        return await self._ledger.submit(call, book_id, CreateSchedule(book_id, new.id, new.terms))

    async def change(self, call: Call, book_id: UUID, schedule_id: UUID, change: Change) -> Answer:
        """`POST …/schedules/{id}/pause`, `…/resume`, `…/cancel` -> 200 `Schedule`."""
        return await self._ledger.submit(
            call, book_id, ChangeSchedule(book_id, schedule_id, change)
        )

    async def schedule(self, tenant_id: UUID, book_id: UUID, schedule_id: UUID) -> schemas.Schedule:
        """`GET …/schedules/{id}`.

        Raises:
            ScheduleNotFound: the book, if there is such a book, has no such schedule.
        """
        row = await self._database.fetchrow(store.FIND_SCHEDULE, tenant_id, book_id, schedule_id)
        if row is None:
            raise ScheduleNotFound(f"No schedule {schedule_id}.")
        return _view(row)

    async def schedules(
        self, tenant_id: UUID, book_id: UUID, *, after: str | None, limit: int
    ) -> schemas.Schedules:
        """`GET …/schedules`.

        Raises:
            BookNotFound: the tenant has no such book.
        """
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(
            store.FIND_SCHEDULES, tenant_id, book_id, start, limit + 1
        )
        if not rows:
            await self._ledger.book(tenant_id, book_id)
        found = [_view(row) for row in rows[:limit]]
        return schemas.Schedules(found, str(found[-1].id) if len(rows) > limit else None)

    async def occurrences(
        self, tenant_id: UUID, book_id: UUID, schedule_id: UUID, *, after: str | None, limit: int
    ) -> schemas.Occurrences:
        """`GET …/schedules/{id}/occurrences`.

        Raises:
            ScheduleNotFound: the book, if there is such a book, has no such schedule.
        """
        rows = await self._database.fetch(
            store.FIND_OCCURRENCES, tenant_id, book_id, schedule_id, int(after or 0), limit + 1
        )
        if not rows:
            await self.schedule(tenant_id, book_id, schedule_id)
        found = [_occurrence(row) for row in rows[:limit]]
        last = str(rows[limit - 1]["version"]) if len(rows) > limit else None
        return schemas.Occurrences(found, last)


def _view(row: "asyncpg.Record") -> schemas.Schedule:
    return standing_of(row, row["schedule_id"], ZoneInfo(row["time_zone"])).view()


def _occurrence(row: "asyncpg.Record") -> schemas.Occurrence:
    return schemas.Occurrence(
        no=row["occurrence_no"],
        at=row["occurs_at"],
        outcome=schemas.Outcome(row["kind"]),
        transaction_id=row["transaction_id"],
        seq=row["seq"],
        code=row["code"],
        recorded_at=row["recorded_at"],
    )
