"""The pace of polls: kept by who waits, and slowed down for who does not."""

from datetime import UTC, datetime, timedelta

import pytest

from bezant.identity.polling import INTERVAL_S, Pace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_the_first_poll_is_never_too_soon() -> None:
    pace, unready = Pace(INTERVAL_S).polled(NOW)
    assert (pace, unready.error.error) == (Pace(INTERVAL_S, NOW), "authorization_pending")


@pytest.mark.parametrize(
    ("seconds", "error", "interval_s"),
    [
        (5, "authorization_pending", 5),
        (4, "authorization_pending", 5),
        (3.9, "slow_down", 10),
        (0, "slow_down", 10),
    ],
    ids=["in-time", "a-moment-early", "too-soon", "at-once"],
)
def test_polls_keep_their_distance(seconds: float, error: str, interval_s: int) -> None:
    pace, unready = Pace(5, NOW).polled(after(seconds))
    assert unready.error.error == error
    assert pace == Pace(interval_s, after(seconds))


def test_each_poll_that_is_too_soon_adds_five_seconds_for_good() -> None:
    pace = Pace(5, NOW)
    for count in range(1, 4):
        pace, _ = pace.polled(NOW)
        assert pace.interval_s == 5 + 5 * count
    pace, unready = pace.polled(after(20))
    assert unready.error.error == "authorization_pending"
    assert pace.interval_s == 20
