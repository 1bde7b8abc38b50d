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
from bezant.ledger.history import Axis, History, Moment
from bezant.ledger.lane import FIND_PERIOD_EVENTS
from bezant.ledger.queries import Queries, Source
from bezant.ledger.reports import schemas, store
from bezant.ledger.reports.domain import (
    Facts,
    Movement,
    Sheet,
    account_line,
    balance_sheet,
    income_statement,
    sheets,
    trial_balance,
)
from bezant.ledger.reports.times import ends_at, require_day, starts_at, until_of
from bezant.ledger.schemas import AccountType
from bezant.ledger.service import Ledger

_DAY: Final = timedelta(days=1)
_NOTHING: Final = Movement(0, 0)

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

    async def accounts(self) -> list[Facts]:
        rows = await self.source.fetch(store.FIND_ACCOUNTS, *self.key)
        return [
            Facts(row["account_no"], row["account_id"], row["asset"], AccountType(row["type"]))
            for row in rows
        ]

    async def movements(self, axis: Axis, until: datetime | date) -> dict[int, Movement]:
        """What was posted by a time, by account."""
        sums = await History(self.source).sums_of_book(*self.key, Moment(axis, until, self.seq))
        return {
            no: Movement(each.debits_posted, each.credits_posted)
            for no, each in sums.items()
            if each.debits_posted or each.credits_posted
        }

    async def sheets(self, movements: Mapping[int, Movement]) -> dict[str, Sheet]:
        return sheets(await self.accounts(), movements, self.chart)

    def basis(self, axis: Axis, until: datetime | date) -> schemas.Basis:
        return schemas.Basis(axis, until.isoformat(), self.seq, self.chart.version)


class Reports:
    """What may be asked about a book as a whole."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def trial_balance(
        self, tenant_id: UUID, book_id: UUID, asked: schemas.At, *, read_after: int | None = None
    ) -> schemas.TrialBalance:
        """`GET …/trial-balance`."""

        async def read(source: Source) -> schemas.TrialBalance:
            view = await _view(source, (tenant_id, book_id), asked.known_at)
            until = until_of(asked.at, asked.axis, view.zone, self._ledger.now())
            found = await view.sheets(await view.movements(asked.axis, until))
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
            view = await _view(source, (tenant_id, book_id), asked.known_at, seq)
            until = until_of(at, asked.axis, view.zone, self._ledger.now())
            movements = await view.movements(asked.axis, until)
            following = sorted(
                (
                    account
                    for account in await view.accounts()
                    if account.no in movements and account.id > last
                ),
                key=lambda account: account.id,
            )
            shown = following[:limit]
            lines = [
                account_line(
                    account, view.chart.code_of(account.id, account.type), movements[account.no]
                )
                for account in shown
            ]
            is_last = len(following) <= limit
            return schemas.AccountTrialBalance(
                view.basis(asked.axis, until),
                lines,
                None if is_last else f"{view.seq}/{until.isoformat()}/{shown[-1].id}",
            )

        return await self._ledger.reader.snapshot(tenant_id, book_id, read_after, read)

    async def balance_sheet(
        self, tenant_id: UUID, book_id: UUID, asked: schemas.At, *, read_after: int | None = None
    ) -> schemas.BalanceSheet:
        """`GET …/balance-sheet`."""

        async def read(source: Source) -> schemas.BalanceSheet:
            view = await _view(source, (tenant_id, book_id), asked.known_at)
            until = until_of(asked.at, asked.axis, view.zone, self._ledger.now())
            found = await view.sheets(await view.movements(asked.axis, until))
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
            view = await _view(source, (tenant_id, book_id), asked.known_at)
            start, end = self._days(asked, view.zone)
            until = ends_at(end, view.zone) if asked.axis is Axis.EFFECTIVE else end
            found = await view.sheets(await _earned(view, asked.axis, start, end))
            return schemas.IncomeStatement(
                view.basis(asked.axis, until),
                start,
                [
                    income_statement(sheet, view.chart, asset, view.scales[asset])
                    for asset, sheet in found.items()
                ],
            )

        return await self._ledger.reader.snapshot(tenant_id, book_id, read_after, read)

    def _days(self, asked: schemas.FromTo, zone: ZoneInfo) -> tuple[date, date]:
        today = self._ledger.now().astimezone(zone).date()
        end = require_day(asked.end or today, "to")
        start = require_day(asked.start or date(end.year, 1, 1), "from")
        if end < start:
            raise Malformed("`to` is before `from`.", field="to")
        return start, end


async def _view(
    source: Source, key: Key, known_at: datetime | None, seq: int | None = None
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
    return _View(source, key, ZoneInfo(book.time_zone), scales, seq, chart)


async def _earned(view: _View, axis: Axis, start: date, end: date) -> dict[int, Movement]:
    """What was posted within a span of days, closing entries left out."""
    first, last = starts_at(start, view.zone), ends_at(end, view.zone)
    before: datetime | date = start - _DAY
    until: datetime | date = end
    if axis is Axis.EFFECTIVE:
        before, until = first - timedelta(microseconds=1), last
    earned = await view.movements(axis, until)
    for no, earlier in (await view.movements(axis, before)).items():
        _take_out(earned, no, earlier)
    events = await view.source.fetch(FIND_PERIOD_EVENTS, *view.key)
    closings = [event["transaction_id"] for event in events if event["transaction_id"] is not None]
    if closings:
        # Their dates are the days of their instants, so the span is the same on every axis.
        legs = await view.source.fetch(
            store.FIND_CLOSING_LEGS, *view.key, closings, view.seq, first, last
        )
        for leg in legs:
            _take_out(earned, leg["debit_no"], Movement(int(leg["amount"]), 0))
            _take_out(earned, leg["credit_no"], Movement(0, int(leg["amount"])))
    return {no: movement for no, movement in earned.items() if movement != _NOTHING}


def _take_out(earned: dict[int, Movement], no: int, other: Movement) -> None:
    movement = earned.get(no, _NOTHING)
    earned[no] = Movement(movement.debits - other.debits, movement.credits - other.credits)


def _position(after: str) -> tuple[int, str, str]:
    seq, until, account_id = after.split("/", 2)
    return int(seq), until, account_id
