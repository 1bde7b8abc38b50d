"""Making reports: sums of the past once, arranged by the chart of then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.errors import Malformed
from bezant.ledger.chart import Chart, current_chart
from bezant.ledger.feed import find_head
from bezant.ledger.history import Axis, BookSums, History, Moment, Sums
from bezant.ledger.lane import FIND_PERIOD_EVENTS
from bezant.ledger.queries import Queries, Source
from bezant.ledger.reports import schemas, store
from bezant.ledger.reports.domain import (
    Sheet,
    account_line,
    balance_sheet,
    income_statement,
    sheets,
    trial_balance,
)
from bezant.ledger.reports.placing import Place, Placements
from bezant.ledger.reports.times import ends_at, require_day, starts_at, until_of
from bezant.ledger.schemas import AccountType
from bezant.ledger.service import Ledger

_DAY: Final = timedelta(days=1)
_ROWS_AT_ONCE: Final = 1_000

Key = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class _View:
    """A book as it was known, on one snapshot."""

    source: Source
    key: Key
    zone: ZoneInfo
    scales: Mapping[str, int]
    seq: int
    chart: Chart
    placements: Placements

    async def sums(self, axis: Axis, until: datetime | date) -> BookSums:
        """Sums of all accounts at a time."""
        return await History(self.source).sums_of_book(*self.key, Moment(axis, until, self.seq))

    async def sheets(self, *parts: tuple[BookSums, int]) -> dict[str, Sheet]:
        """Sums by asset and node."""
        placement = await self.placements.of(self.source, self.key, self.chart)
        return sheets(placement, *parts)

    def basis(self, axis: Axis, until: datetime | date) -> schemas.Basis:
        return schemas.Basis(axis, until.isoformat(), self.seq, self.chart.version)


class Reports:
    """What may be asked about a book as a whole."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._placements = Placements()

    async def trial_balance(
        self, tenant_id: UUID, book_id: UUID, asked: schemas.At, *, read_after: int | None = None
    ) -> schemas.TrialBalance:
        """`GET …/trial-balance`."""

        async def read(source: Source) -> schemas.TrialBalance:
            view = await self._view(source, (tenant_id, book_id), asked.known_at)
            until = until_of(asked.at, asked.axis, view.zone, self._ledger.now())
            found = await view.sheets((await view.sums(asked.axis, until), 1))
            return schemas.TrialBalance(
                view.basis(asked.axis, until),
                [
                    trial_balance(sheet, view.chart, asset, view.scales[asset])
                    for asset, sheet in found.items()
                ],
            )

        return await self._ledger.reader.snapshot(tenant_id, book_id, read_after, read)

    async def account_trial_balance(
        self,
        tenant_id: UUID,
        book_id: UUID,
        asked: schemas.AtPage,
        *,
        after: str | None,
        limit: int,
        read_after: int | None = None,
    ) -> schemas.AccountTrialBalance:
        """`GET …/trial-balance/accounts`. A position is the basis' `seq` and `until`, then an id.

        So every page is of what the first one knew, whatever was posted since.
        """

        async def read(source: Source) -> schemas.AccountTrialBalance:
            seq, at, last = (None, asked.at, "") if after is None else _position(after)
            view = await self._view(source, (tenant_id, book_id), asked.known_at, seq)
            until = until_of(at, asked.axis, view.zone, self._ledger.now())
            sums = await view.sums(asked.axis, until)
            lines = await _account_lines(view, sums, last, limit)
            return schemas.AccountTrialBalance(
                view.basis(asked.axis, until),
                lines[:limit],
                f"{view.seq}/{until.isoformat()}/{lines[limit - 1].account}"
                if len(lines) > limit
                else None,
            )

        return await self._ledger.reader.snapshot(tenant_id, book_id, read_after, read)

    async def balance_sheet(
        self, tenant_id: UUID, book_id: UUID, asked: schemas.At, *, read_after: int | None = None
    ) -> schemas.BalanceSheet:
        """`GET …/balance-sheet`."""

        async def read(source: Source) -> schemas.BalanceSheet:
            view = await self._view(source, (tenant_id, book_id), asked.known_at)
            until = until_of(asked.at, asked.axis, view.zone, self._ledger.now())
            found = await view.sheets((await view.sums(asked.axis, until), 1))
            return schemas.BalanceSheet(
                view.basis(asked.axis, until),
                [
                    balance_sheet(sheet, view.chart, asset, view.scales[asset])
                    for asset, sheet in found.items()
                ],
            )

        return await self._ledger.reader.snapshot(tenant_id, book_id, read_after, read)

    async def income_statement(
        self,
        tenant_id: UUID,
        book_id: UUID,
        asked: schemas.FromTo,
        *,
        read_after: int | None = None,
    ) -> schemas.IncomeStatement:
        """`GET …/income-statement`."""

        async def read(source: Source) -> schemas.IncomeStatement:
            view = await self._view(source, (tenant_id, book_id), asked.known_at)
            start, end = self._days(asked, view.zone)
            until = ends_at(end, view.zone) if asked.axis is Axis.EFFECTIVE else end
            found = await view.sheets(*await _earned(view, asked.axis, start, end))
            return schemas.IncomeStatement(
                view.basis(asked.axis, until),
                start,
                [
                    income_statement(sheet, view.chart, asset, view.scales[asset])
                    for asset, sheet in found.items()
                ],
            )

        return await self._ledger.reader.snapshot(tenant_id, book_id, read_after, read)

    async def _view(
        self, source: Source, key: Key, known_at: datetime | None, seq: int | None = None
    ) -> _View:
        """A book as it was known at an instant, or at a number that was given out before.

        Raises:
            BookNotFound: the tenant has no such book.
        """
        book = await Queries(source).book(*key)
        if seq is None:
            seq = await find_head(source, *key) or 0
            if known_at is not None:
                seq = min(seq, await History(source).known_seq(*key, known_at))
        chart = await current_chart(source, *key, known_at)
        scales = {asset.code: asset.scale for asset in book.assets}
        return _View(source, key, ZoneInfo(book.time_zone), scales, seq, chart, self._placements)

    def _days(self, asked: schemas.FromTo, zone: ZoneInfo) -> tuple[date, date]:
        today = self._ledger.now().astimezone(zone).date()
        end = require_day(asked.end or today, "to")
        start = require_day(asked.start or date(end.year, 1, 1), "from")
        if end < start:
            raise Malformed("`to` is before `from`.", field="to")
        return start, end


async def _account_lines(
    view: _View, sums: BookSums, after: str, limit: int
) -> list[schemas.AccountLine]:
    """The accounts that follow an id, and one more than the limit if there is one."""
    lines: list[schemas.AccountLine] = []
    last: str | None = after
    while last is not None and len(lines) <= limit:
        rows = await view.source.fetch(store.FIND_ACCOUNTS_BY_ID, *view.key, last, _ROWS_AT_ONCE)
        for row in rows:
            each = sums.get(row["account_no"])
            if each is not None and (each.debits_posted or each.credits_posted):
                kind, account_id = AccountType(row["type"]), row["account_id"]
                place = Place(row["asset"], kind, view.chart.code_of(account_id, kind))
                lines.append(account_line(account_id, place, each))
        last = rows[-1]["account_id"] if len(rows) == _ROWS_AT_ONCE else None
    return lines


async def _earned(view: _View, axis: Axis, start: date, end: date) -> list[tuple[BookSums, int]]:
    """What was posted within a span of days: the parts of it, closing entries taken out."""
    first, last = starts_at(start, view.zone), ends_at(end, view.zone)
    before: datetime | date = start - _DAY
    until: datetime | date = end
    if axis is Axis.EFFECTIVE:
        before, until = first - timedelta(microseconds=1), last
    parts = [(await view.sums(axis, until), 1), (await view.sums(axis, before), -1)]
    events = await view.source.fetch(FIND_PERIOD_EVENTS, *view.key)
    closings = [event["transaction_id"] for event in events if event["transaction_id"] is not None]
    if closings:
        # Their dates are the days of their instants, so the span is the same on every axis.
        legs = await view.source.fetch(
            store.FIND_CLOSING_LEGS, *view.key, closings, view.seq, first, last
        )
        closed: BookSums = {}
        for leg in legs:
            closed.setdefault(leg["debit_no"], Sums()).debits_posted += int(leg["amount"])
            closed.setdefault(leg["credit_no"], Sums()).credits_posted += int(leg["amount"])
        parts.append((closed, -1))
    return parts


def _position(after: str) -> tuple[int, str, str]:
    seq, until, account_id = after.split("/", 2)
    return int(seq), until, account_id
