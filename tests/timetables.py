"""Schedules of a test's own, and the job runner that carries them out by the test's clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.calls import Answer
from bezant.kernel.clock import Clock, ManualClock
from bezant.kernel.database import Database
from bezant.kernel.jobs import Again, Handling, Job, JobRunner, Outcome
from bezant.ledger import schemas as ledger_schemas
from bezant.ledger.lane import Rider
from bezant.ledger.schedules import schemas
from bezant.ledger.schedules.jobs import Submit, schedule_handling
from bezant.ledger.schedules.records import RUN, Run
from bezant.ledger.schedules.riders import Change, ChangeSchedule, CreateSchedule
from bezant.ledger.schedules.service import Schedules
from fixtures_ledger import IDS, Bank, new_bank, open_ledger

LEASE = timedelta(seconds=1)
FAR = timedelta(days=36_500)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def payment(amount: int = 1, debit: str = "world", credit: str = "alice", **more: Any) -> Any:  # noqa: ANN401 - members by name
    """What an occurrence posts."""
    leg = schemas.ScheduledPosting(debit, credit, "EUR", str(amount))
    return schemas.ScheduledTransaction([leg], **more)


@dataclass
class Timetable:
    """A bank whose schedules a runner carries out."""

    bank: Bank
    clock: Clock
    database: Database

    async def create(self, first_at: str, every: str, **more: Any) -> schemas.Schedule:  # noqa: ANN401 - members by name
        """Make a schedule."""
        return (await self.asked(first_at, every, **more)).value(schemas.Schedule)

    async def asked(self, first_at: str, every: str, **more: Any) -> Answer:  # noqa: ANN401 - as above
        """Ask for one."""
        given: dict[str, Any] = {"transaction": payment()} | more
        if "until" in given:
            given["until"] = instant(given["until"])
        new = schemas.NewSchedule(first_at=instant(first_at), every=schemas.Every(every), **given)
        return await self.submit(CreateSchedule(self.bank.book_id, new.id, new.terms))

    async def accrue(self, **members: Any) -> Answer:  # noqa: ANN401 - members by name
        """Ask for an accrual."""
        new = schemas.NewAccrual(debit="world", credit="alice", asset="EUR", **members)
        return await self.submit(CreateSchedule(self.bank.book_id, new.id, new.terms))

    async def change(self, schedule_id: UUID, change: Change) -> Answer:
        return await self.submit(ChangeSchedule(self.bank.book_id, schedule_id, change))

    async def submit(self, rider: Rider) -> Answer:
        return await self.bank.ledger.submit(self.bank.call(), self.bank.book_id, rider)

    async def zone(self) -> ZoneInfo:
        """The book's."""
        book = await self.bank.ledger.book(self.bank.tenant_id, self.bank.book_id)
        return ZoneInfo(book.time_zone)

    @property
    def schedules(self) -> Schedules:
        return Schedules(self.bank.ledger, self.database)

    async def schedule(self, schedule_id: UUID) -> schemas.Schedule:
        bank = self.bank
        return await self.schedules.schedule(bank.tenant_id, bank.book_id, schedule_id)

    async def outcomes(self, schedule_id: UUID) -> list[schemas.Occurrence]:
        """What became of its occurrences."""
        bank = self.bank
        page = await self.schedules.occurrences(
            bank.tenant_id, bank.book_id, schedule_id, after=None, limit=1_000
        )
        assert page.next is None
        return page.occurrences

    async def posted(self, occurrence: schemas.Occurrence) -> ledger_schemas.Transaction:
        return await self.bank.transaction(occurrence.transaction_id)

    async def jobs(self) -> dict[str, int]:
        """Its jobs that are due, run or are dead, by state."""
        rows = await self.database.fetch(
            "SELECT state, count(*) AS count FROM job WHERE tenant_id = $1 AND kind = $2"
            " AND (state <> 'ready' OR run_at <= $3) GROUP BY state",
            self.bank.tenant_id,
            RUN.name,
            self.clock.now(),
        )
        return {row["state"]: row["count"] for row in rows}

    async def settle(self, within_s: int = 60) -> None:
        """Wait until everything that is due was carried out."""
        async with asyncio.timeout(within_s):
            while {"ready", "running"} & (await self.jobs()).keys():
                await self.database.fetch("SELECT pg_sleep(0.01)")

    async def wind_to(self, text: str) -> None:
        """Let it become that late, and settle."""
        assert isinstance(self.clock, ManualClock)
        wait = instant(text) - self.clock.now()
        assert wait > timedelta()
        self.clock.advance(seconds=int(wait.total_seconds()) + 1)
        await self.settle()

    async def retry(self) -> None:
        """Let the longest wait between two attempts pass, and settle."""
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(seconds=RUN.retry.wait_s_max)
        await self.settle()


def of_tenant(tenant_id: UUID, database: Database, clock: Clock, submit: Submit) -> Handling[Run]:
    """The handling of one tenant's jobs: those that other tests left are put off."""
    inner = schedule_handling(database, clock, IDS, submit)

    async def run(job: Job[Run]) -> Outcome:
        if job.tenant_id != tenant_id:
            return Again("another test's", wait=FAR)
        return await inner.handler(job)

    return Handling(RUN, run)


@asynccontextmanager
async def running(timetable: Timetable) -> AsyncIterator[JobRunner]:
    """A runner for a timetable."""
    bank = timetable.bank
    handling = of_tenant(bank.tenant_id, timetable.database, timetable.clock, bank.ledger.submit)
    runner = JobRunner(timetable.database, timetable.clock, IDS, [handling], lease=LEASE)
    runner.start()
    try:
        yield runner
    finally:
        await runner.close()


@asynccontextmanager
async def open_timetable(
    database: Database, run_folder: Path, clock: Clock, *, time_zone: str = "Europe/Paris"
) -> AsyncIterator[Timetable]:
    """A new bank in a zone, with `world` and `alice`; its book verifies at the end."""
    async with open_ledger(database, run_folder, clock) as ledger:
        bank = await (await new_bank(ledger, database)).create(time_zone=time_zone)
        await bank.open("world", ledger_schemas.AccountType.ASSET)
        await bank.open("alice", overdraft="0")
        yield Timetable(bank, clock, database)
        assert (await bank.verify()).findings == []
