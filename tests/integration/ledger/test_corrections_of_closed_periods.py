"""What is corrected, or comes by schedule, when its month is closed."""

from datetime import UTC, datetime
from pathlib import Path

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.ledger import schemas
from bezant.ledger.schedules import schemas as scheduled
from bezant.ledger.schedules.jobs import TRIES
from fixtures_ledger import code
from fixtures_periods import Office
from timetables import open_timetable, running

START = datetime(2060, 1, 10, 12, tzinfo=UTC)


async def test_late_truth_of_a_closed_month_is_a_reversal_in_the_open_one(
    database: Database, run_folder: Path
) -> None:
    clock = ManualClock(START)
    async with open_timetable(database, run_folder, clock) as timetable:
        bank = timetable.bank
        office = Office(bank, clock)
        paid = (await bank.pay("world", "alice", 100)).value(schemas.PostedTransaction)
        office.goes_on_to(datetime(2060, 2, 15, tzinfo=UTC))
        await office.closed("2060-01")
        into = await bank.reverse(paid.id, effective_at=datetime(2060, 1, 20, tzinfo=UTC))
        assert code(into) == "ACCOUNTING_CLOSED"
        assert b'"field":"effective_at"' in into.body
        booked = await bank.reverse(paid.id, booking_date=START.date())
        assert code(booked) == "ACCOUNTING_CLOSED"
        assert b'"field":"booking_date"' in booked.body
        assert (await bank.transaction(paid.id)).postings[0].reversible == "100"
        reversal = (await bank.reverse(paid.id)).value(schemas.PostedTransaction)
        [leg] = (await bank.transaction(reversal.id)).postings
        assert leg.booking_date.isoformat() == "2060-02-15"


async def test_an_occurrence_whose_month_was_closed_meanwhile_fails(
    database: Database, run_folder: Path
) -> None:
    clock = ManualClock(START)
    async with open_timetable(database, run_folder, clock) as timetable:
        made = await timetable.create("2060-01-31T12:00:00Z", "month", count=2)
        office = Office(timetable.bank, clock)
        office.goes_on_to(datetime(2060, 2, 15, tzinfo=UTC))
        await office.closed("2060-01")
        async with running(timetable):
            await timetable.settle()
            for _ in range(TRIES - 1):
                await timetable.retry()
            [failed] = await timetable.outcomes(made.id)
            assert (failed.outcome, failed.code) == (scheduled.Outcome.FAILED, "ACCOUNTING_CLOSED")
            await timetable.wind_to("2060-03-01T00:00:00Z")
        outcomes = await timetable.outcomes(made.id)
        assert [each.outcome for each in outcomes] == ["failed", "posted"]
