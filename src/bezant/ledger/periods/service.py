"""Closing and reopening accounting periods: the use cases."""

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec import UNSET

from bezant.kernel.calls import Answer, Call
from bezant.kernel.errors import Malformed
from bezant.ledger.chart import current_chart
from bezant.ledger.lane import FIND_PERIOD_EVENTS, FIND_TRANSACTIONS, reopening_of
from bezant.ledger.months import Month, PeriodEventKind
from bezant.ledger.months import Periods as ClosedPeriods
from bezant.ledger.periods import schemas, store
from bezant.ledger.periods.closing import ClosingLeg
from bezant.ledger.periods.errors import ReopeningNotFound
from bezant.ledger.periods.riders import (
    ApproveReopening,
    ClosePeriod,
    RequestReopening,
    WithdrawReopening,
    view,
)
from bezant.ledger.periods.schemas import PeriodStatus, ReopeningState
from bezant.ledger.queries import Queries, Source
from bezant.ledger.service import Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

REOPENINGS_SHOWN_MAX: Final = 20
"""Requests to reopen a period that are shown with it, the newest."""


class PeriodKeeping:
    """What may be asked about a book's periods. Writes are carried out in the book's lane."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def close(
        self, call: Call, book_id: UUID, period: str, asked: schemas.PeriodClosing
    ) -> Answer:
        """`POST …/periods/{period}/close` -> 200 `Period`."""
        if asked.closing_entries is UNSET:
            to = await self._closing_of_year(call.tenant_id, book_id, Month.parse(period))
        else:
            to = None if asked.closing_entries is None else asked.closing_entries.to
        return await self._ledger.submit(call, book_id, ClosePeriod(period, to, call.actor))

    async def request_reopening(
        self, call: Call, book_id: UUID, period: str, asked: schemas.ReopeningRequest
    ) -> Answer:
        """`POST …/periods/{period}/reopen` -> 202 `Reopening`."""
        if "\x00" in asked.reason:
            raise Malformed("A reason holds no NUL.", field="reason")
        rider = RequestReopening(period, asked.reason, call.actor)
        return await self._ledger.submit(call, book_id, rider)

    async def approve_reopening(
        self, call: Call, book_id: UUID, period: str, reopening_id: UUID
    ) -> Answer:
        """`POST …/reopenings/{reopening}/approve` -> 200 `Period`."""
        month = Month.parse(period)

        async def read(source: Source) -> ApproveReopening:
            await _require_reopening(source, (call.tenant_id, book_id), period, reopening_id)
            events = await source.fetch(FIND_PERIOD_EVENTS, call.tenant_id, book_id)
            closing = ClosedPeriods.of(events).closings.get(month)
            legs = []
            if closing is not None:
                legs = await source.fetch(FIND_TRANSACTIONS, call.tenant_id, book_id, [closing])
            return ApproveReopening(
                period,
                reopening_id,
                closing,
                [ClosingLeg(leg["debit"], leg["credit"], str(int(leg["amount"]))) for leg in legs],
                call.actor,
            )

        rider = await self._ledger.reader.snapshot(call.tenant_id, book_id, None, read)
        return await self._ledger.submit(call, book_id, rider)

    async def withdraw_reopening(
        self, call: Call, book_id: UUID, period: str, reopening_id: UUID
    ) -> Answer:
        """`POST …/reopenings/{reopening}/withdraw` -> 200 `Reopening`."""
        key = call.tenant_id, book_id
        await self._ledger.reader.snapshot(
            *key, None, lambda source: _require_reopening(source, key, period, reopening_id)
        )
        rider = WithdrawReopening(period, reopening_id, call.actor)
        return await self._ledger.submit(call, book_id, rider)

    async def period(
        self, tenant_id: UUID, book_id: UUID, period: str, *, read_after: int | None = None
    ) -> schemas.Period:
        """`GET …/periods/{period}`."""
        key = tenant_id, book_id

        async def read(source: Source) -> schemas.Period:
            await Queries(source).book(*key)
            events = await source.fetch(FIND_PERIOD_EVENTS, *key)
            asked = await source.fetch(store.FIND_REOPENINGS, *key, period, REOPENINGS_SHOWN_MAX)
            reopenings = [self._reopening(row) for row in asked]
            return _period(Month.parse(period), events, reopenings)

        return await self._ledger.reader.snapshot(*key, read_after, read)

    async def periods(
        self,
        tenant_id: UUID,
        book_id: UUID,
        *,
        after: str | None,
        limit: int,
        read_after: int | None = None,
    ) -> schemas.Periods:
        """`GET …/periods`."""
        key = tenant_id, book_id

        async def read(source: Source) -> schemas.Periods:
            await Queries(source).book(*key)
            events = await source.fetch(FIND_PERIOD_EVENTS, *key)
            named = sorted({row["period"] for row in events if row["period"] > (after or "")})
            shown = [_period(Month.parse(each), events, []) for each in named[:limit]]
            open_from = ClosedPeriods.of(events).open_from
            return schemas.Periods(
                None if open_from == date.min else open_from,
                shown,
                shown[-1].period if len(named) > limit else None,
            )

        return await self._ledger.reader.snapshot(*key, read_after, read)

    async def _closing_of_year(self, tenant_id: UUID, book_id: UUID, month: Month) -> str | None:
        """Where the results go if the book's chart says that a month ends a financial year."""
        chart = await self._ledger.reader.snapshot(
            tenant_id, book_id, None, lambda source: current_chart(source, tenant_id, book_id)
        )
        year = chart.financial_year
        if year is None or year.ends_in != month.number:
            return None
        return year.closing_entries_to

    def _reopening(self, row: "asyncpg.Record") -> schemas.Reopening:
        reopening = reopening_of(row)
        if row["outcome"] is not None:
            state = ReopeningState(row["outcome"])
            return view(reopening, state, row["actor"], row["decided_at"])
        is_over = reopening.is_over(self._ledger.now())
        return view(reopening, ReopeningState.EXPIRED if is_over else ReopeningState.PENDING)


async def _require_reopening(
    source: Source, key: tuple[UUID, UUID], period: str, reopening_id: UUID
) -> None:
    await Queries(source).book(*key)
    asked = await source.fetch(store.FIND_REOPENINGS, *key, period, None)
    if all(row["reopening_id"] != reopening_id for row in asked):
        raise ReopeningNotFound(f"{period} has no request {reopening_id}.")


def _period(
    month: Month, events: "Sequence[asyncpg.Record]", reopenings: list[schemas.Reopening]
) -> schemas.Period:
    """A period, told by the closing that stands: its own, or that of a later one."""
    periods, closing = ClosedPeriods(), None
    for event in events:
        was_closed = periods.is_closed(month.first_day)
        of = Month.parse(event["period"])
        if event["kind"] == PeriodEventKind.CLOSED:
            periods = periods.close(of, event["transaction_id"])
        else:
            periods = periods.reopen(of)
        if not periods.is_closed(month.first_day):
            closing = None
        elif not was_closed:
            closing = event
    is_closed = closing is not None
    return schemas.Period(
        period=str(month),
        status=PeriodStatus.CLOSED if is_closed else PeriodStatus.OPEN,
        first_day=month.first_day,
        last_day=month.last_day,
        closed_at=closing["recorded_at"] if closing is not None else None,
        closed_by=closing["actor"] if closing is not None else None,
        seq=closing["seq"] if closing is not None else None,
        closing_transaction=periods.closings.get(month),
        reopenings=reopenings,
    )
