"""The routes of schedules and accruals."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger.api.shared import BOOK, OF_LANES, POSTING_EXAMPLE, READ, WRITE
from bezant.ledger.errors import AssetMismatch, BookNotFound, PersonalDataRefused, UnknownAccount
from bezant.ledger.handlers import BookPath
from bezant.ledger.schedules import schemas
from bezant.ledger.schedules.errors import (
    AccrualTooSmall,
    ScheduleIdReused,
    ScheduleNotActive,
    ScheduleNotFound,
)
from bezant.ledger.schedules.riders import Change
from bezant.ledger.schedules.service import Schedules
from bezant.ledger.service import Ledger

_SCHEDULES: Final = f"{BOOK}/schedules"
_SCHEDULE: Final = f"{_SCHEDULES}/{{schedule}}"
_VERSION: Final = re.compile(r"[0-9]{1,18}")

_OF_MAKING: Final = (
    BookNotFound,
    PersonalDataRefused,
    ScheduleIdReused,
    UnknownAccount,
    AssetMismatch,
)
_SUMMARIES: Final = {
    Change.PAUSE: "Pause a schedule",
    Change.RESUME: "Resume a paused schedule",
    Change.CANCEL: "Cancel a schedule for ever",
}


class SchedulePath(BookPath, frozen=True):
    """A schedule of a book."""

    schedule: UUID


class ScheduleRoutes:
    """The handlers."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    async def create(self, asked: Writing[BookPath, schemas.NewSchedule]) -> Answer:
        """`POST …/schedules`."""
        return await self._schedules.create(asked.call, asked.path.book, asked.body)

    async def accrue(self, asked: Writing[BookPath, schemas.NewAccrual]) -> Answer:
        """`POST …/accruals`."""
        return await self._schedules.create(asked.call, asked.path.book, asked.body)

    async def pause(self, asked: Writing[SchedulePath, Nothing]) -> Answer:
        """`POST …/schedules/{id}/pause`."""
        return await self._change(asked, Change.PAUSE)

    async def resume(self, asked: Writing[SchedulePath, Nothing]) -> Answer:
        """`POST …/schedules/{id}/resume`."""
        return await self._change(asked, Change.RESUME)

    async def cancel(self, asked: Writing[SchedulePath, Nothing]) -> Answer:
        """`POST …/schedules/{id}/cancel`."""
        return await self._change(asked, Change.CANCEL)

    async def schedule(self, asked: Reading[SchedulePath, Nothing]) -> schemas.Schedule:
        """`GET …/schedules/{id}`."""
        return await self._schedules.schedule(
            asked.principal.tenant_id, asked.path.book, asked.path.schedule
        )

    async def page(self, asked: Reading[BookPath, Page]) -> schemas.Schedules:
        """`GET …/schedules`."""
        tenant_id, book_id = asked.principal.tenant_id, asked.path.book
        return await turn_page(
            f"/v1/books/{book_id}/schedules",
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._schedules.schedules(
                tenant_id, book_id, after=after, limit=limit
            ),
        )

    async def occurrences(self, asked: Reading[SchedulePath, Page]) -> schemas.Occurrences:
        """`GET …/schedules/{id}/occurrences`."""
        tenant_id = asked.principal.tenant_id
        book_id, schedule_id = asked.path.book, asked.path.schedule
        return await turn_page(
            f"/v1/books/{book_id}/schedules/{schedule_id}/occurrences",
            asked.query,
            _VERSION,
            lambda after, limit: self._schedules.occurrences(
                tenant_id, book_id, schedule_id, after=after, limit=limit
            ),
        )

    async def _change(self, asked: Writing[SchedulePath, Nothing], change: Change) -> Answer:
        return await self._schedules.change(
            asked.call, asked.path.book, asked.path.schedule, change
        )


def operations(ledger: Ledger, database: Database) -> Sequence[Operation]:
    """The operations on schedules and accruals."""
    routes = ScheduleRoutes(Schedules(ledger, database))
    changes = {
        Change.PAUSE: routes.pause,
        Change.RESUME: routes.resume,
        Change.CANCEL: routes.cancel,
    }
    return [
        *_making(routes),
        *_reading(routes),
        *(
            WriteOperation(
                id=f"{change}_schedule",
                path=f"{_SCHEDULE}/{change}",
                tag="schedules",
                summary=_SUMMARIES[change],
                scope=WRITE,
                action=f"schedule.{change}",
                path_type=SchedulePath,
                body_type=Nothing,
                example={},
                answer_type=schemas.Schedule,
                refusals=(BookNotFound, ScheduleNotFound, ScheduleNotActive, *OF_LANES),
                handler=handler,
            )
            for change, handler in changes.items()
        ),
    ]


def _making(routes: ScheduleRoutes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_schedule",
            path=_SCHEDULES,
            tag="schedules",
            summary="Post a transaction at instants to come",
            description=(
                "Each occurrence is posted once, counts from its own instant even if it is carried"
                " out late, and is tried again for some hours if it is refused."
            ),
            scope=WRITE,
            action="schedule.create",
            path_type=BookPath,
            body_type=schemas.NewSchedule,
            example={
                "transaction": {"postings": [POSTING_EXAMPLE]},
                "first_at": "2060-01-31T09:00:00+01:00",
                "every": "month",
                "count": 12,
            },
            status=201,
            answer_type=schemas.Schedule,
            refusals=(*_OF_MAKING, *OF_LANES),
            handler=routes.create,
        ),
        WriteOperation(
            id="create_accrual",
            path=f"{BOOK}/accruals",
            tag="schedules",
            summary="Recognise an amount over several months",
            description=(
                "A schedule of one part at each month's last instant, whose amounts sum exactly."
            ),
            scope=WRITE,
            action="accrual.create",
            path_type=BookPath,
            body_type=schemas.NewAccrual,
            example={
                "debit": "rent",
                "credit": "prepaid-rent",
                "asset": "EUR",
                "amount": "100000",
                "first_period": "2060-01",
                "periods": 12,
            },
            status=201,
            answer_type=schemas.Schedule,
            refusals=(*_OF_MAKING, AccrualTooSmall, *OF_LANES),
            handler=routes.accrue,
        ),
    ]


def _reading(routes: ScheduleRoutes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_schedules",
            path=_SCHEDULES,
            tag="schedules",
            summary="A book's schedules, by identifier",
            scope=READ,
            path_type=BookPath,
            query_type=Page,
            answer_type=schemas.Schedules,
            refusals=(BookNotFound, InvalidCursor),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_schedule",
            path=_SCHEDULE,
            tag="schedules",
            summary="A schedule and what comes next of it",
            scope=READ,
            has_etag=True,
            path_type=SchedulePath,
            answer_type=schemas.Schedule,
            refusals=(BookNotFound, ScheduleNotFound),
            handler=routes.schedule,
        ),
        ReadOperation(
            id="list_occurrences",
            path=f"{_SCHEDULE}/occurrences",
            tag="schedules",
            summary="What became of a schedule's occurrences",
            scope=READ,
            path_type=SchedulePath,
            query_type=Page,
            answer_type=schemas.Occurrences,
            refusals=(BookNotFound, ScheduleNotFound, InvalidCursor),
            handler=routes.occurrences,
        ),
    ]
