"""What a client can rely on when transactions are scheduled."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.jobs import DeadJobService
from bezant.ledger import schemas as ledger_schemas
from bezant.ledger.schedules import schemas
from bezant.ledger.schedules.domain import occurrence_id
from bezant.ledger.schedules.jobs import TRIES
from bezant.ledger.schedules.riders import Change
from fixtures_ledger import code
from timetables import Timetable, open_timetable, payment, running

START = datetime(2060, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
async def timetable(database: Database, run_folder: Path) -> AsyncIterator[Timetable]:
    """A bank in Paris at noon (UTC) of 1 January 2060, without a runner."""
    async with open_timetable(database, run_folder, ManualClock(START)) as timetable:
        yield timetable


@pytest.fixture
async def running_timetable(timetable: Timetable) -> AsyncIterator[Timetable]:
    """The same with a runner."""
    async with running(timetable):
        yield timetable


async def test_each_occurrence_is_posted_once_at_its_own_instant(
    running_timetable: Timetable,
) -> None:
    timetable = running_timetable
    made = await timetable.create(
        "2060-01-02T09:00:00+01:00", "day", count=3, transaction=payment(5, reason="Rent")
    )
    assert [each.at.isoformat() for each in made.upcoming] == [
        "2060-01-02T08:00:00+00:00",
        "2060-01-03T08:00:00+00:00",
        "2060-01-04T08:00:00+00:00",
    ]
    await timetable.settle()
    assert await timetable.outcomes(made.id) == []
    await timetable.wind_to("2060-01-02T09:00:00+01:00")
    [first] = await timetable.outcomes(made.id)
    assert (first.no, first.outcome, first.code) == (1, "posted", None)
    assert first.transaction_id == occurrence_id(made.id, 1)
    posted = await timetable.posted(first)
    assert (posted.seq, posted.effective_at, posted.reason) == (first.seq, first.at, "Rent")
    # Late by two days, still each on its own day.
    await timetable.wind_to("2060-01-06T12:00:00+01:00")
    outcomes = await timetable.outcomes(made.id)
    assert [each.no for each in outcomes] == [1, 2, 3]
    transactions = [await timetable.posted(each) for each in outcomes]
    assert [each.effective_at for each in transactions] == [p.at for p in made.upcoming]
    days = [each.postings[0].booking_date.isoformat() for each in transactions]
    assert days == ["2060-01-02", "2060-01-03", "2060-01-04"]
    after = await timetable.schedule(made.id)
    assert (after.status, after.posted, after.failed, after.upcoming) == ("completed", 3, 0, [])
    assert await timetable.bank.posted("alice") == 15


async def test_a_year_with_its_changes_of_clocks(running_timetable: Timetable) -> None:
    """Every night at 02:30 in Paris, one of which the clocks skip and one that has it twice."""
    timetable = running_timetable
    made = await timetable.create("2060-01-02T02:30:00+01:00", "day", until="2060-12-31T23:00:00Z")
    monthly = await timetable.create("2060-01-31T02:30:00+01:00", "month", count=12)
    await timetable.wind_to("2060-07-01T00:00:00Z")
    await timetable.wind_to("2061-01-15T00:00:00Z")
    outcomes = await timetable.outcomes(made.id)
    assert [each.no for each in outcomes] == list(range(1, 366))
    hours = {
        (each.at.day, each.at.month): each.at.strftime("%H:%M")
        for each in outcomes
        if each.at.strftime("%H:%M") != "01:30"
    }
    # From 28 March (03:30 CEST that night, as 02:30 was skipped) to 31 October it is summer time.
    assert hours.pop((31, 10)) == "00:30", "the first of the two"
    assert (28, 3) not in hours, "02:30 with the offset from before is 01:30 UTC"
    assert set(hours.values()) == {"00:30"}
    assert len(hours) == 216
    days = [(await timetable.posted(each)).postings[0].booking_date for each in outcomes[80:100]]
    assert days == [days[0] + timedelta(days=n) for n in range(20)]
    ends = [each.at.strftime("%m-%d") for each in await timetable.outcomes(monthly.id)]
    assert ends == [
        "01-31", "02-29", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31",
        "11-30", "12-31",
    ]  # fmt: skip
    assert await timetable.bank.posted("alice") == 365 + 12


async def test_a_paused_schedule_posts_nothing_and_passes_over_what_it_missed(
    running_timetable: Timetable,
) -> None:
    timetable = running_timetable
    made = await timetable.create("2060-01-02T09:00:00Z", "day", count=5)
    await timetable.wind_to("2060-01-02T09:00:00Z")
    paused = (await timetable.change(made.id, Change.PAUSE)).value(schemas.Schedule)
    assert (paused.status, paused.upcoming) == ("paused", [])
    await timetable.wind_to("2060-01-04T10:00:00Z")
    assert [each.no for each in await timetable.outcomes(made.id)] == [1]
    resumed = (await timetable.change(made.id, Change.RESUME)).value(schemas.Schedule)
    assert [each.no for each in resumed.upcoming] == [4, 5]
    await timetable.wind_to("2060-01-10T00:00:00Z")
    assert [each.no for each in await timetable.outcomes(made.id)] == [1, 4, 5]
    assert (await timetable.schedule(made.id)).status == "completed"


async def test_a_cancelled_schedule_posts_nothing_any_more(running_timetable: Timetable) -> None:
    timetable = running_timetable
    made = await timetable.create("2060-01-02T09:00:00Z", "day")
    await timetable.wind_to("2060-01-03T10:00:00Z")
    cancelled = (await timetable.change(made.id, Change.CANCEL)).value(schemas.Schedule)
    assert (cancelled.status, cancelled.posted) == ("cancelled", 2)
    await timetable.wind_to("2060-02-01T00:00:00Z")
    assert len(await timetable.outcomes(made.id)) == 2
    for change in Change:
        assert code(await timetable.change(made.id, change)) == "SCHEDULE_NOT_ACTIVE"


async def test_a_status_allows_what_it_allows(timetable: Timetable) -> None:
    made = await timetable.create("2060-01-02T09:00:00Z", "day")
    assert code(await timetable.change(made.id, Change.RESUME)) == "SCHEDULE_NOT_ACTIVE"
    assert (await timetable.change(made.id, Change.PAUSE)).status == 200
    assert code(await timetable.change(made.id, Change.PAUSE)) == "SCHEDULE_NOT_ACTIVE"
    assert (await timetable.change(made.id, Change.CANCEL)).status == 200
    assert code(await timetable.change(uuid4(), Change.PAUSE)) == "SCHEDULE_NOT_FOUND"


async def test_concurrent_changes_are_decided_one_after_the_other(timetable: Timetable) -> None:
    """In one batch all of them read the schedule as it was before: the database lets one stand."""
    made = await timetable.create("2060-01-02T09:00:00Z", "day")
    answers = await asyncio.gather(
        *(timetable.change(made.id, Change.PAUSE) for _ in range(8)),
        *(timetable.bank.pay("world", "alice", 1) for _ in range(8)),
    )
    assert sorted(answer.status for answer in answers[:8]) == [200, *[409] * 7]
    assert [answer.status for answer in answers[8:]] == [201] * 8


async def test_a_pause_beside_a_due_occurrence_is_before_it_or_after(
    running_timetable: Timetable,
) -> None:
    """What was acknowledged as paused is followed by no posting."""
    timetable = running_timetable
    assert isinstance(timetable.clock, ManualClock)
    made = [await timetable.create("2060-01-02T09:00:00Z", "day", count=2) for _ in range(6)]
    timetable.clock.advance(seconds=86_400)
    for schedule in made:
        paused = (await timetable.change(schedule.id, Change.PAUSE)).value(schemas.Schedule)
        at_pause = len(await timetable.outcomes(schedule.id))
        assert paused.posted == at_pause
    await timetable.wind_to("2060-01-09T00:00:00Z")
    for schedule in made:
        after = await timetable.schedule(schedule.id)
        assert after.posted == len(await timetable.outcomes(schedule.id)) <= 1
    assert await timetable.bank.posted("alice") == sum(
        [(await timetable.schedule(each.id)).posted for each in made]
    )


async def test_a_refusal_is_tried_again_and_passes(running_timetable: Timetable) -> None:
    timetable = running_timetable
    bank = timetable.bank
    made = await timetable.create(
        "2060-01-02T09:00:00Z", "day", count=1, transaction=payment(10, "alice", "world")
    )
    await timetable.wind_to("2060-01-02T09:00:00Z")
    assert await timetable.outcomes(made.id) == []
    await bank.pay("world", "alice", 10)
    await timetable.retry()
    [outcome] = await timetable.outcomes(made.id)
    assert (outcome.outcome, outcome.at) == ("posted", made.upcoming[0].at)
    assert (await timetable.posted(outcome)).effective_at == made.upcoming[0].at


@pytest.mark.parametrize(
    ("status", "refusal"), [("frozen", "ACCOUNT_FROZEN"), ("closed", "ACCOUNT_CLOSED")]
)
async def test_what_stays_refused_is_recorded_the_next_goes_on_and_it_can_be_made_up(
    running_timetable: Timetable, status: str, refusal: str
) -> None:
    timetable = running_timetable
    bank = timetable.bank
    made = await timetable.create("2060-01-02T09:00:00Z", "month", count=2)
    await bank.change("alice", status=ledger_schemas.AccountStatus(status))
    await timetable.wind_to("2060-01-02T09:00:00Z")
    for _ in range(TRIES - 1):
        assert await timetable.outcomes(made.id) == []
        await timetable.retry()
    [failed] = await timetable.outcomes(made.id)
    assert (failed.outcome, failed.code, failed.seq) == ("failed", refusal, None)
    after = await timetable.schedule(made.id)
    assert (after.status, after.posted, after.failed) == ("active", 0, 1)
    dead = DeadJobService(timetable.database, timetable.clock)
    [letter] = (await dead.page(bank.tenant_id, after=None, limit=9)).jobs
    assert (letter.kind, letter.reason, letter.attempts) == ("schedule.run", refusal, TRIES)
    events = await timetable.database.fetch(
        "SELECT kind FROM event_pending WHERE tenant_id = $1 AND kind LIKE 'schedule.%'"
        " UNION ALL SELECT kind FROM event WHERE tenant_id = $1 AND kind LIKE 'schedule.%'",
        bank.tenant_id,
    )
    assert [event["kind"] for event in events] == ["schedule.occurrence_failed"]
    await bank.change("alice", status=ledger_schemas.AccountStatus.OPEN)
    await timetable.wind_to("2060-02-02T09:00:00Z")
    # Once the reason has passed, the dead letter is replayed: posted late, at its own instant.
    for _ in range(2):
        assert (await dead.replay(bank.call(), letter.id)).status in {200, 404}
        await timetable.settle()
    outcomes = await timetable.outcomes(made.id)
    assert [(each.no, each.outcome) for each in outcomes] == [
        (1, "failed"),
        (2, "posted"),
        (1, "posted"),
    ]
    assert (await timetable.posted(outcomes[2])).effective_at == made.upcoming[0].at
    after = await timetable.schedule(made.id)
    assert (after.status, after.posted, after.failed) == ("completed", 2, 0)
    assert await bank.posted("alice") == 2


async def test_the_same_schedule_under_an_id_is_made_once(timetable: Timetable) -> None:
    name = uuid4()
    first = await timetable.create("2060-01-02T09:00:00Z", "week", id=name)
    assert first.id == name
    again = await timetable.create("2060-01-02T09:00:00Z", "week", id=name)
    assert again == first
    other = await timetable.asked("2060-01-02T09:00:00Z", "day", id=name)
    assert code(other) == "SCHEDULE_ID_REUSED"
    together = uuid4()
    answers = await asyncio.gather(
        *(timetable.asked("2060-01-02T09:00:00Z", "day", id=together) for _ in range(5))
    )
    assert {answer.status for answer in answers} == {201}
    jobs = await timetable.database.fetch(
        "SELECT 1 FROM job WHERE tenant_id = $1 AND kind = 'schedule.run'",
        timetable.bank.tenant_id,
    )
    assert len(jobs) == 2


async def test_lists_are_read_in_pages(running_timetable: Timetable) -> None:
    timetable = running_timetable
    bank = timetable.bank
    made = [await timetable.create("2059-12-30T09:00:00Z", "day", count=3) for _ in range(3)]
    await timetable.settle()
    key = bank.tenant_id, bank.book_id
    first = await timetable.schedules.schedules(*key, after=None, limit=2)
    rest = await timetable.schedules.schedules(*key, after=first.next, limit=2)
    assert [each.id for each in first.schedules + rest.schedules] == [each.id for each in made]
    assert (first.next, rest.next) == (str(made[1].id), None)
    page = await timetable.schedules.occurrences(*key, made[0].id, after=None, limit=2)
    last = await timetable.schedules.occurrences(*key, made[0].id, after=page.next, limit=2)
    assert [each.no for each in page.occurrences + last.occurrences] == [1, 2, 3]
    assert last.next is None


async def test_what_could_never_be_posted_is_refused_at_once(timetable: Timetable) -> None:
    refused = await timetable.asked(
        "2060-01-02T09:00:00Z", "day", transaction=payment(1, "world", "nobody")
    )
    assert code(refused) == "UNKNOWN_ACCOUNT"
    assert b'"field":"transaction.postings[0].credit"' in refused.body
    leg = schemas.ScheduledPosting("world", "alice", "USD", "1")
    transaction = schemas.ScheduledTransaction([leg])
    refused = await timetable.asked("2060-01-02T09:00:00Z", "day", transaction=transaction)
    assert code(refused) == "ASSET_MISMATCH"


async def test_an_occurrence_waits_until_the_books_writer_says_that_it_is_time(
    database: Database, run_folder: Path
) -> None:
    """A runner whose clock is ahead of the lane's does not post into the future."""
    lane_clock, ahead = ManualClock(START), ManualClock(START + timedelta(days=2))
    async with open_timetable(database, run_folder, lane_clock) as timetable:
        made = await timetable.create("2060-01-02T09:00:00Z", "once")
        timetable.clock = ahead
        async with running(timetable):
            await timetable.settle()
            assert await timetable.outcomes(made.id) == []
            lane_clock.advance(seconds=86_400)
            ahead.advance(seconds=86_400)
            await timetable.settle()
        assert len(await timetable.outcomes(made.id)) == 1


async def test_an_accrual_sums_and_is_taken_back_month_by_month(
    running_timetable: Timetable,
) -> None:
    timetable = running_timetable
    answer = await timetable.accrue(
        amount="100", first_period="2060-02", periods=3, reverse=True, code="accrual"
    )
    made = answer.value(schemas.Schedule)
    assert [each.at.isoformat() for each in made.upcoming] == [
        "2060-02-29T22:59:59.999999+00:00",
        "2060-02-29T23:00:00+00:00",
        "2060-03-31T21:59:59.999999+00:00",
        "2060-03-31T22:00:00+00:00",
        "2060-04-30T21:59:59.999999+00:00",
        "2060-04-30T22:00:00+00:00",
    ]
    await timetable.wind_to("2060-02-29T22:59:59.999999Z")
    # A part that falls into a pause is made up for, or the sum would not be the amount.
    await timetable.change(made.id, Change.PAUSE)
    await timetable.wind_to("2060-06-01T00:00:00Z")
    await timetable.change(made.id, Change.RESUME)
    await timetable.settle()
    outcomes = await timetable.outcomes(made.id)
    transactions = [await timetable.posted(each) for each in outcomes]
    assert [each.postings[0].amount for each in transactions] == [
        "34",
        "34",
        "33",
        "33",
        "33",
        "33",
    ]
    assert [each.reverses for each in transactions] == [
        None,
        transactions[0].id,
        None,
        transactions[2].id,
        None,
        transactions[4].id,
    ]
    days = [each.postings[0].booking_date.isoformat() for each in transactions]
    assert days == [
        "2060-02-29", "2060-03-01", "2060-03-31", "2060-04-01", "2060-04-30", "2060-05-01",
    ]  # fmt: skip
    assert [each.effective_at for each in transactions] == [each.at for each in made.upcoming]
    assert await timetable.bank.posted("alice") == 0
    assert (await timetable.schedule(made.id)).status == "completed"


async def test_an_accrual_has_something_for_each_month(timetable: Timetable) -> None:
    refused = await timetable.accrue(amount="2", first_period="2060-02", periods=3)
    assert code(refused) == "ACCRUAL_TOO_SMALL"
