"""Routes of accounting periods."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bezant.kernel.calls import Answer
from bezant.kernel.http import Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import InvalidCursor, Page, turn_page
from bezant.ledger import errors
from bezant.ledger.api.shared import BOOK, OF_LANES, READ
from bezant.ledger.handlers import BookPath
from bezant.ledger.months import PERIOD
from bezant.ledger.periods import errors as own
from bezant.ledger.periods import schemas
from bezant.ledger.periods.service import PeriodKeeping
from bezant.ledger.service import Ledger

CLOSE: Final = "ledger:close"
"""The scope of closing and reopening."""

_PERIODS: Final = f"{BOOK}/periods"
_PERIOD: Final = f"{_PERIODS}/{{period}}"
_REOPENING: Final = f"{_PERIOD}/reopenings/{{reopening}}"
_POSITION: Final = re.compile(PERIOD)

_OF_ENTRIES: Final = (
    errors.AccountFrozen,
    errors.AccountClosed,
    errors.OverdraftExceeded,
    errors.MaximumExceeded,
    errors.BalanceOverflow,
)


class PeriodPath(BookPath, frozen=True):
    """A period of a book."""

    period: schemas.PeriodId


class ReopeningPath(PeriodPath, frozen=True):
    """A request to reopen a period."""

    reopening: UUID


class PeriodRoutes:
    """The handlers."""

    def __init__(self, periods: PeriodKeeping) -> None:
        self._periods = periods

    async def periods(self, asked: Reading[BookPath, Page]) -> schemas.Periods:
        """`GET …/periods`."""
        tenant_id, book_id = asked.principal.tenant_id, asked.path.book
        return await turn_page(
            f"/v1/books/{book_id}/periods",
            asked.query,
            _POSITION,
            lambda after, limit: self._periods.periods(
                tenant_id, book_id, after=after, limit=limit, read_after=asked.read_after
            ),
        )

    async def get(self, asked: Reading[PeriodPath, object]) -> schemas.Period:
        """`GET …/periods/{period}`."""
        return await self._periods.period(
            asked.principal.tenant_id,
            asked.path.book,
            asked.path.period,
            read_after=asked.read_after,
        )

    async def close(self, asked: Writing[PeriodPath, schemas.PeriodClosing]) -> Answer:
        """`POST …/periods/{period}/close`."""
        return await self._periods.close(asked.call, asked.path.book, asked.path.period, asked.body)

    async def reopen(self, asked: Writing[PeriodPath, schemas.ReopeningRequest]) -> Answer:
        """`POST …/periods/{period}/reopen`."""
        return await self._periods.request_reopening(
            asked.call, asked.path.book, asked.path.period, asked.body
        )

    async def approve(self, asked: Writing[ReopeningPath, schemas.ReopeningDecision]) -> Answer:
        """`POST …/reopenings/{reopening}/approve`."""
        return await self._periods.approve_reopening(
            asked.call, asked.path.book, asked.path.period, asked.path.reopening
        )

    async def withdraw(self, asked: Writing[ReopeningPath, schemas.ReopeningDecision]) -> Answer:
        """`POST …/reopenings/{reopening}/withdraw`."""
        return await self._periods.withdraw_reopening(
            asked.call, asked.path.book, asked.path.period, asked.path.reopening
        )


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The operations of periods."""
    routes = PeriodRoutes(PeriodKeeping(ledger))
    return [*_reads(routes), *_closing(routes), *_reopening(routes)]


def _reads(routes: PeriodRoutes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_periods",
            path=_PERIODS,
            tag="periods",
            summary="A book's periods that were ever closed by name",
            scope=READ,
            is_replicated=True,
            path_type=BookPath,
            query_type=Page,
            answer_type=schemas.Periods,
            refusals=(errors.BookNotFound, InvalidCursor),
            handler=routes.periods,
        ),
        ReadOperation(
            id="get_period",
            path=_PERIOD,
            tag="periods",
            summary="A period, and who asked to reopen it",
            scope=READ,
            is_replicated=True,
            path_type=PeriodPath,
            answer_type=schemas.Period,
            refusals=(errors.BookNotFound,),
            handler=routes.get,
        ),
    ]


def _closing(routes: PeriodRoutes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="close_period",
            path=f"{_PERIOD}/close",
            tag="periods",
            summary="Close a period, and all before it",
            description="From then on nothing is posted whose booking date or effective day lies"
            " in it. With `closing_entries`, income and expenses are brought to zero first.",
            scope=CLOSE,
            action="period.close",
            path_type=PeriodPath,
            body_type=schemas.PeriodClosing,
            example={"closing_entries": {"to": "equity:retained-earnings"}},
            answer_type=schemas.Period,
            refusals=(
                errors.BookNotFound,
                errors.PeriodClosed,
                errors.PeriodNotOver,
                errors.UnknownAccount,
                errors.TooManyPostings,
                own.ClosingAccountMismatch,
                *_OF_ENTRIES,
                *OF_LANES,
            ),
            handler=routes.close,
        ),
    ]


def _reopening(routes: PeriodRoutes) -> Sequence[Operation]:
    of_requests = (errors.BookNotFound, own.ReopeningNotFound, own.ReopeningNotPending)
    return [
        WriteOperation(
            id="reopen_period",
            path=f"{_PERIOD}/reopen",
            tag="periods",
            summary="Ask to reopen the latest closed period",
            description="202: a second actor has to approve it within 72 hours.",
            scope=CLOSE,
            action="period.request_reopening",
            path_type=PeriodPath,
            body_type=schemas.ReopeningRequest,
            example={"reason": "An invoice of the 30th was found."},
            status=202,
            answer_type=schemas.Reopening,
            refusals=(
                errors.BookNotFound,
                errors.PeriodNotClosed,
                errors.PeriodNotLast,
                own.ReopeningPending,
                *OF_LANES,
            ),
            handler=routes.reopen,
        ),
        WriteOperation(
            id="approve_reopening",
            path=f"{_REOPENING}/approve",
            tag="periods",
            summary="Approve that a period is reopened",
            description="Not by who asked for it. Closing entries are taken back by postings.",
            scope=CLOSE,
            action="period.reopen",
            path_type=ReopeningPath,
            body_type=schemas.ReopeningDecision,
            example={},
            answer_type=schemas.Period,
            refusals=(
                *of_requests,
                own.SecondActorNeeded,
                *_OF_ENTRIES,
                *OF_LANES,
            ),
            handler=routes.approve,
        ),
        WriteOperation(
            id="withdraw_reopening",
            path=f"{_REOPENING}/withdraw",
            tag="periods",
            summary="Withdraw a request to reopen a period",
            scope=CLOSE,
            action="period.withdraw_reopening",
            path_type=ReopeningPath,
            body_type=schemas.ReopeningDecision,
            example={},
            answer_type=schemas.Reopening,
            refusals=(*of_requests, *OF_LANES),
            handler=routes.withdraw,
        ),
    ]
