"""Calendar days follow the book's time zone, at every turn of the clock."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.ledger.lane import BookState, Head
from bezant.ledger.proof import Frontier

# Europe turns its clocks, Apia skipped a day, Cairo and Gaza skip midnights, Kathmandu is odd.
ZONES = ["UTC", "Europe/Paris", "Pacific/Apia", "Africa/Cairo", "Asia/Gaza", "Asia/Kathmandu"]
HEAD = Head(0, 0, 0, 0, Frontier(), datetime(2026, 1, 1, tzinfo=UTC))


def book(zone: str) -> BookState:
    return BookState(UUID(int=1), UUID(int=2), ZoneInfo(zone), {"EUR": 2}, HEAD)


instants = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001 - the zone is given beside
    datetime(2030, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)


@pytest.mark.parametrize("zone", ZONES)
@given(st.lists(instants, min_size=1, max_size=20), st.integers(-(10**6), 10**6))
def test_the_day_is_that_of_the_zone(zone: str, asked: list[datetime], shift_s: int) -> None:
    state = book(zone)
    for instant in asked:
        for each in (instant, instant + timedelta(seconds=shift_s)):
            assert state.local_date(each) == each.astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("Pacific/Apia", datetime(2011, 12, 30, 9, 59, tzinfo=UTC), date(2011, 12, 29)),
        ("Pacific/Apia", datetime(2011, 12, 30, 10, 1, tzinfo=UTC), date(2011, 12, 31)),
        ("Europe/Paris", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), date(2026, 3, 29)),
    ],
)
def test_skipped_days_and_turned_clocks(zone: str, instant: datetime, day: date) -> None:
    state = book(zone)
    for minutes in (-600, 0, 600, 0):
        state.local_date(instant + timedelta(minutes=minutes))
    assert state.local_date(instant) == day
