"""A bank whose clock a test moves, and the calls that close its months."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.chart.schemas import Chart as ChartView
from bezant.ledger.chart.schemas import NewChart
from bezant.ledger.chart.service import Charts
from bezant.ledger.periods.schemas import (
    ClosingEntries,
    Period,
    PeriodClosing,
    Reopening,
    ReopeningRequest,
)
from bezant.ledger.periods.service import PeriodKeeping
from bezant.ledger.reports.schemas import (
    AssetBalanceSheet,
    AssetIncomeStatement,
    At,
    FromTo,
    TrialBalance,
)
from bezant.ledger.reports.service import Reports
from fixtures_ledger import Bank, new_bank, open_ledger

START = datetime(2060, 1, 10, 12, tzinfo=UTC)
EQUITY = "equity:retained"


def day(month: int, number: int, year: int = 2060) -> datetime:
    """Noon of a day."""
    return datetime(year, month, number, 12, tzinfo=UTC)


@dataclass
class Office:
    """Closes and reopens a bank's months, by one actor or another."""

    bank: Bank
    clock: ManualClock

    @property
    def keeping(self) -> PeriodKeeping:
        return PeriodKeeping(self.bank.ledger)

    def goes_on_to(self, instant: datetime) -> None:
        """Move the clock."""
        self.clock.advance(seconds=int((instant - self.clock.now()).total_seconds()))

    async def close(
        self, period: str, to: str | None = None, key: str | None = None, actor: str = "key:ann"
    ) -> Answer:
        call = msgspec.structs.replace(self.bank.call(key), actor=actor)
        asked = PeriodClosing(None if to is None else ClosingEntries(to))
        return await self.keeping.close(call, self.bank.book_id, period, asked)

    async def closed(self, period: str, to: str | None = None) -> Period:
        return (await self.close(period, to)).value(Period)

    async def ask(self, period: str, actor: str = "key:ann") -> Answer:
        call = msgspec.structs.replace(self.bank.call(), actor=actor)
        reason = ReopeningRequest("An invoice was found.")
        return await self.keeping.request_reopening(call, self.bank.book_id, period, reason)

    async def asked(self, period: str, actor: str = "key:ann") -> UUID:
        return (await self.ask(period, actor)).value(Reopening).id

    async def approve(self, period: str, reopening: UUID, actor: str = "key:bob") -> Answer:
        call = msgspec.structs.replace(self.bank.call(), actor=actor)
        return await self.keeping.approve_reopening(call, self.bank.book_id, period, reopening)

    async def withdraw(self, period: str, reopening: UUID, actor: str = "key:ann") -> Answer:
        call = msgspec.structs.replace(self.bank.call(), actor=actor)
        return await self.keeping.withdraw_reopening(call, self.bank.book_id, period, reopening)

    async def reopened(self, period: str) -> Period:
        reopening = await self.asked(period)
        return (await self.approve(period, reopening)).value(Period)

    async def period(self, period: str) -> Period:
        return await self.keeping.period(self.bank.tenant_id, self.bank.book_id, period)

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.bank.tenant_id, self.bank.book_id

    @property
    def reports(self) -> Reports:
        return Reports(self.bank.ledger)

    async def trial(self, at: str | None = None, **asked: Any) -> TrialBalance:  # noqa: ANN401 - members by name
        return await self.reports.trial_balance(*self.key, At(at, **asked))

    async def sheet(self, at: str | None = None, **asked: Any) -> AssetBalanceSheet:  # noqa: ANN401 - as above
        """The balance sheet of the only asset."""
        [sheet] = (await self.reports.balance_sheet(*self.key, At(at, **asked))).assets
        return sheet

    async def income(self, start: date, end: date, **asked: Any) -> AssetIncomeStatement:  # noqa: ANN401 - as above
        """The income statement of the only asset."""
        asking = FromTo(start, end, **asked)
        [statement] = (await self.reports.income_statement(*self.key, asking)).assets
        return statement

    async def set_chart(self, new: NewChart) -> ChartView:
        charts = Charts(self.bank.ledger)
        answer = await charts.replace(self.bank.call(), self.bank.book_id, new)
        return answer.value(ChartView)

    async def pay(self, debit: str, credit: str, amount: int, at: datetime) -> Answer:
        """Post a payment that counts from an instant, booked on its day."""
        leg = self.bank.leg(debit, credit, amount, booking_date=at.date())
        return await self.bank.post(leg, effective_at=at)


async def new_office(ledger: Ledger, database: Database, clock: ManualClock) -> Office:
    """A book with accounts of every type."""
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("bank", schemas.AccountType.ASSET)
    await bank.open("wallet", schemas.AccountType.LIABILITY)
    await bank.open("fees", schemas.AccountType.INCOME)
    await bank.open("rent", schemas.AccountType.EXPENSE)
    await bank.open(f"{EQUITY}:EUR", schemas.AccountType.EQUITY)
    return Office(bank, clock)


@pytest.fixture
def clock() -> ManualClock:
    """January 2060."""
    return ManualClock(START)


@pytest.fixture
async def slow_ledger(
    database: Database, run_folder: Path, clock: ManualClock
) -> AsyncIterator[Ledger]:
    """A ledger whose clock the test moves."""
    async with open_ledger(database, run_folder, clock=clock) as ledger:
        yield ledger


@pytest.fixture
async def office(
    slow_ledger: Ledger, database: Database, clock: ManualClock
) -> AsyncIterator[Office]:
    """A book with accounts of every type; whatever a test did to it, it verifies."""
    office = await new_office(slow_ledger, database, clock)
    yield office
    assert (await office.bank.verify()).findings == []
