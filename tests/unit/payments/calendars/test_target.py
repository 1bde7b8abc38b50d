"""The days on which TARGET is open."""

from datetime import date

import pytest

from bezant.payments.calendars.target import add_business_days, is_business_day, next_business_day


@pytest.mark.parametrize(
    "closed",
    ["2024-03-29", "2024-04-01", "2025-04-18", "2025-04-21", "2026-04-03", "2026-04-06",
     "2027-03-26", "2027-03-29", "2026-01-01", "2026-05-01", "2026-12-25", "2026-11-28"],
)  # fmt: skip
def test_it_is_closed_on_its_holidays_and_weekends(closed: str) -> None:
    assert not is_business_day(date.fromisoformat(closed))


@pytest.mark.parametrize("day", ["2026-04-02", "2026-04-07", "2026-12-24", "2026-12-31"])
def test_it_is_open_on_the_days_around_them(day: str) -> None:
    assert is_business_day(date.fromisoformat(day))


def test_business_days_are_counted_over_easter_both_ways() -> None:
    assert next_business_day(date(2026, 4, 2)) == date(2026, 4, 7)
    assert add_business_days(date(2026, 4, 7), -1) == date(2026, 4, 2)
    assert add_business_days(date(2026, 4, 4), 0) == date(2026, 4, 4)
    assert add_business_days(date(2025, 12, 24), 2) == date(2025, 12, 30)
