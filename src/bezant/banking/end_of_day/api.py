"""The routes of ends of days."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.end_of_day import errors, schemas
from bezant.banking.end_of_day.service import EndOfDayService
from bezant.banking.scopes import READ, WRITE
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES, BookNotFound

_TAG: Final = "banking"
_RUNS: Final = "/v1/end-of-day-runs"


class RunPath(Struct, frozen=True):
    """The end of a day."""

    run: UUID


class Routes:
    """The handlers."""

    def __init__(self, ends: EndOfDayService) -> None:
        self._ends = ends

    async def start(self, asked: Writing[Nothing, schemas.NewRun]) -> Answer:
        """`POST /v1/end-of-day-runs`."""
        return await self._ends.start(asked.call, asked.body)

    async def find(self, asked: Reading[RunPath, Nothing]) -> schemas.Run:
        """`GET /v1/end-of-day-runs/{run}`."""
        return await self._ends.run(asked.principal.tenant_id, asked.path.run)

    async def page(self, asked: Reading[Nothing, Page]) -> schemas.Runs:
        """`GET /v1/end-of-day-runs`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _RUNS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._ends.page(tenant_id, after=after, limit=limit),
        )


def operations(ends: EndOfDayService) -> Sequence[Operation]:
    """The operations on ends of days."""
    routes = Routes(ends)
    return [
        WriteOperation(
            id="start_end_of_day",
            path=_RUNS,
            tag=_TAG,
            summary="End a day of a book: accrue interest, book it, charge fees",
            description="Balances are those that the book knows now, by the days they count from.",
            scope=WRITE,
            action="end_of_day.start",
            body_type=schemas.NewRun,
            example={"book_id": "0198c2b4-0000-7000-8000-000000000001", "day": "2026-01-31"},
            status=201,
            answer_type=schemas.Run,
            refusals=(
                errors.DayNotOver,
                errors.DayOutOfOrder,
                errors.PreviousDayRunning,
                BookNotFound,
                *OF_LANES,
            ),
            handler=routes.start,
        ),
        ReadOperation(
            id="list_ends_of_days",
            path=_RUNS,
            tag=_TAG,
            summary="The ends of days of your books, oldest first",
            scope=READ,
            query_type=Page,
            answer_type=schemas.Runs,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_end_of_day",
            path=f"{_RUNS}/{{run}}",
            tag=_TAG,
            summary="One end of a day, and how far it is",
            scope=READ,
            path_type=RunPath,
            answer_type=schemas.Run,
            refusals=(errors.RunNotFound,),
            handler=routes.find,
        ),
    ]
