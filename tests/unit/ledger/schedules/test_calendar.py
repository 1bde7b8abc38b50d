"""When occurrences are: month ends, and the nights on which clocks change."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from bezant.ledger.schedules.domain import Plan, Progress
from bezant.ledger.schedules.schemas import (
    Every,
    Recurring,
    ScheduledPosting,
    ScheduledTransaction,
    ScheduleStatus,
)

PARIS = ZoneInfo("Europe/Paris")
PAYMENT = ScheduledTransaction([ScheduledPosting("a", "b", "EUR", "1")])


def plan(
    first_at: str,
    every: Every,
    *,
    zone: ZoneInfo = PARIS,
    count: int | None = None,
    until: str | None = None,
) -> Plan:
    ends = None if until is None else datetime.fromisoformat(until)
    first = datetime.fromisoformat(first_at)
    return Plan(UUID(int=1), Recurring(PAYMENT, first, every, count, ends), zone)


def walls(plan: Plan, count: int) -> list[str]:
    """The first occurrences as the clocks of the zone show them, with their offset."""
    instants = [plan.at(no) for no in range(1, count + 1)]
    return [
        "none" if at is None else at.astimezone(plan.zone).isoformat(timespec="minutes")
        for at in instants
    ]


def test_a_month_that_is_shorter_has_it_on_its_last_day_and_longer_ones_do_not_forget() -> None:
    assert walls(plan("2060-01-31T09:00:00+01:00", Every.MONTH), 5) == [
        "2060-01-31T09:00+01:00",
        "2060-02-29T09:00+01:00",
        "2060-03-31T09:00+02:00",
        "2060-04-30T09:00+02:00",
        "2060-05-31T09:00+02:00",
    ]


def test_a_wall_clock_time_that_is_skipped_is_read_with_the_offset_from_before() -> None:
    """In Paris the clocks go from 02:00 to 03:00 on 28 March 2060."""
    assert walls(plan("2060-03-27T02:30:00+01:00", Every.DAY), 3) == [
        "2060-03-27T02:30+01:00",
        "2060-03-28T03:30+02:00",
        "2060-03-29T02:30+02:00",
    ]


def test_a_wall_clock_time_that_occurs_twice_is_the_first_of_the_two() -> None:
    """The clocks go from 03:00 back to 02:00 on 31 October 2060."""
    assert walls(plan("2060-10-30T02:30:00+02:00", Every.DAY), 3) == [
        "2060-10-30T02:30+02:00",
        "2060-10-31T02:30+02:00",
        "2060-11-01T02:30+01:00",
    ]


def test_the_first_occurrence_is_the_very_instant_that_was_asked_for() -> None:
    """Also when its wall-clock time has come for the second time."""
    twice = plan("2060-10-31T02:30:00+01:00", Every.WEEK)
    assert walls(twice, 2) == ["2060-10-31T02:30+01:00", "2060-11-07T02:30+01:00"]


def test_steps_are_of_the_books_zone_whatever_offset_the_client_wrote() -> None:
    early = plan("2060-01-30T23:30:00Z", Every.MONTH)
    assert walls(early, 2) == ["2060-01-31T00:30+01:00", "2060-02-29T00:30+01:00"]


def test_a_day_that_a_zone_leaves_out_has_its_occurrence_at_the_jump() -> None:
    """Samoa went from 29 to 31 December 2011."""
    samoa = ZoneInfo("Pacific/Apia")
    left_out = plan("2011-12-29T10:00:00-10:00", Every.DAY, zone=samoa)
    assert walls(left_out, 3) == [
        "2011-12-29T10:00-10:00",
        "2011-12-31T10:00+14:00",
        "2011-12-31T10:00+14:00",
    ]


@pytest.mark.parametrize(
    ("ends", "occurrences"),
    [
        ({"count": 2}, 2),
        ({"until": "2060-01-03T09:00:00+01:00"}, 3),
        ({"until": "2060-01-03T08:59:59+01:00"}, 2),
        ({"count": 9, "until": "2060-01-01T09:00:00+01:00"}, 1),
    ],
)
def test_an_end_is_by_count_or_by_instant(ends: dict[str, object], occurrences: int) -> None:
    daily = plan("2060-01-01T09:00:00+01:00", Every.DAY, **ends)  # type: ignore[arg-type]
    assert [daily.at(no) is not None for no in range(1, 6)].count(True) == occurrences
    assert [each.no for each in daily.upcoming(1)] == list(range(1, occurrences + 1))


def test_once_is_once() -> None:
    assert walls(plan("2060-01-01T09:00:00+01:00", Every.ONCE), 2)[1] == "none"


def test_the_calendar_ends() -> None:
    assert plan("9998-12-31T09:00:00+01:00", Every.DAY).at(3) is None
    assert plan("9998-12-01T09:00:00+01:00", Every.MONTH).at(3) is None


@pytest.mark.parametrize("every", [Every.DAY, Every.WEEK, Every.MONTH, Every.ONCE])
def test_the_first_from_an_instant_is_the_first_of_those_counted_one_by_one(every: Every) -> None:
    recurring = plan("2060-01-31T02:30:00+01:00", every)
    start = datetime(2060, 1, 1, tzinfo=UTC)
    for days in range(0, 800, 7):
        instant = start + timedelta(days=days, hours=days % 24)
        expected = next(
            no for no in range(1, 900) if (at := recurring.at(no)) is None or at >= instant
        )
        assert recurring.first_from(1, instant) == expected
        assert recurring.first_from(expected, instant) == expected


def test_what_falls_into_a_pause_is_passed_over() -> None:
    daily = plan("2060-01-01T09:00:00+01:00", Every.DAY, count=10)
    progress = Progress.begin(daily).ran(1, daily.at(2), is_posted=True).pause()
    resumed = progress.resume(daily, datetime(2060, 1, 5, 12, tzinfo=UTC))
    assert (resumed.status, resumed.next_no) == (ScheduleStatus.ACTIVE, 6)
    ended = progress.resume(daily, datetime(2060, 2, 1, tzinfo=UTC))
    assert (ended.status, ended.next_at) == (ScheduleStatus.COMPLETED, None)
