"""Days of standing orders: month ends, leap years and closed days, for any rule."""

import calendar
from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from bezant.payments.calendars.target import is_business_day
from bezant.payments.standing.rules import Every, Rule, Shift

DAYS = st.dates(date(2024, 1, 1), date(2060, 12, 31))
SHIFTS = st.sampled_from(Shift)
NUMBERS = st.integers(1, 400)


@given(DAYS, st.integers(1, 31), st.integers(1, 12), NUMBERS)
def test_a_month_has_the_rules_day_or_its_last(
    first: date, wanted: int, interval: int, no: int
) -> None:
    rule = Rule(Every.MONTH, first, interval, wanted)
    start, day = rule.day(1), rule.day(no)
    assert start is not None
    assert day is not None
    assert first <= start < first + timedelta(days=62)
    assert day.day == min(wanted, calendar.monthrange(day.year, day.month)[1])
    months = (day.year - start.year) * 12 + day.month - start.month
    assert months == (no - 1) * interval, "a short month skips none and doubles none"


@given(DAYS, st.integers(1, 8), NUMBERS)
def test_weeks_keep_their_weekday_and_years_their_date(first: date, interval: int, no: int) -> None:
    weekly = Rule(Every.WEEK, first, interval).day(no)
    assert weekly == first + timedelta(weeks=interval * (no - 1))
    yearly = Rule(Every.YEAR, first, interval).day(no)
    assert yearly is not None
    assert (yearly.year, yearly.month) == (first.year + interval * (no - 1), first.month)
    is_leap_day = (first.month, first.day) == (2, 29) and not calendar.isleap(yearly.year)
    assert yearly.day == (28 if is_leap_day else first.day)


@given(st.sampled_from(Every), DAYS, st.integers(1, 60), SHIFTS, NUMBERS)
def test_no_two_payments_fall_on_one_day_and_none_on_a_closed_one(
    every: Every, first: date, interval: int, shift: Shift, no: int
) -> None:
    rule = Rule(every, first, interval, shift=shift)
    day, after = rule.day(no), rule.day(no + 1)
    assume(day is not None)  # sixty years, hundreds of times: the calendar may end before
    assert day is not None
    assert after is None or after > day
    if shift is not Shift.NONE:
        assert is_business_day(day)
        nominal = Rule(every, first, interval).day(no)
        assert nominal is not None
        assert abs(day - nominal) <= timedelta(days=5)
        assert (day >= nominal) if shift is Shift.FOLLOWING else (day <= nominal)


@given(DAYS, st.integers(1, 40), st.integers(0, 2_000), SHIFTS)
def test_a_rule_ends_with_its_count_and_with_its_last_day(
    first: date, count: int, later: int, shift: Shift
) -> None:
    counted = Rule(Every.MONTH, first, count=count, shift=shift)
    assert counted.day(count) is not None
    assert counted.day(count + 1) is None
    last = first + timedelta(days=later)
    until = Rule(Every.WEEK, first, last=last)
    days = [until.day(no) for no in range(1, later // 7 + 2)]
    assert days[-1] is not None
    assert days[-1] <= last
    assert until.day(later // 7 + 2) is None


def test_the_end_of_january_and_of_the_calendar() -> None:
    rule = Rule(Every.MONTH, date(2027, 1, 31))
    assert [str(day) for day in rule.upcoming(1)[:4]] == [
        "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30",
    ]  # fmt: skip
    assert Rule(Every.YEAR, date(2027, 1, 31), 60).day(10_000) is None
    over_easter = Rule(Every.WEEK, date(2027, 3, 26), shift=Shift.FOLLOWING)
    assert str(over_easter.day(1)) == "2027-03-30", "Good Friday to Easter Monday are closed"
