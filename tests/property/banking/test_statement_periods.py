"""Statements of any history of cycles: every day is stated once."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bezant.banking.statements.domain import Cycle, CycleVersion, periods

DAYS = st.dates(date(1999, 1, 1), date(2032, 12, 31))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[CycleVersion], date]:
    opened = draw(DAYS)
    later = st.integers(1, 1_500).map(lambda days: opened + timedelta(days=days))
    since = sorted(draw(st.lists(later, max_size=4)))
    cycles = draw(st.lists(st.sampled_from(Cycle), min_size=len(since), max_size=len(since)))
    return [CycleVersion(*each) for each in zip(cycles, since, strict=True)], opened


@given(histories(), st.integers(0, 2_000))
def test_days_since_the_opening_are_in_exactly_one_statement(
    history: tuple[list[CycleVersion], date], days: int
) -> None:
    versions, opened = history
    until = opened + timedelta(days=days)
    following = opened
    for number, period in enumerate(periods(versions, opened, until), 1):
        assert (period.number, period.start) == (number, following)
        assert period.start <= period.end <= until
        following = period.end + timedelta(days=1)
    # What is not stated yet is shorter than the longest cycle.
    assert (until - following).days < 366


@given(histories(), st.integers(0, 1_000), st.integers(0, 1_000))
def test_days_until_the_closing_are_all_stated_once_the_last_is_over(
    history: tuple[list[CycleVersion], date], days: int, later: int
) -> None:
    versions, opened = history
    closed = opened + timedelta(days=days)
    found = list(periods(versions, opened, closed + timedelta(days=later), closed))
    stated = [
        each.start + timedelta(days=day)
        for each in found
        for day in range((each.end - each.start).days + 1)
    ]
    assert stated == [opened + timedelta(days=day) for day in range(days + 1)]
    # What was stated before the closing stays as it was.
    before = list(periods(versions, opened, closed - timedelta(days=1)))
    assert found[: len(before)] == before
    assert len(found) == len(before) + 1


@given(histories(), st.integers(0, 1_000), st.integers(0, 1_000), st.sampled_from(Cycle))
def test_what_was_stated_stays_whatever_is_changed_later(
    history: tuple[list[CycleVersion], date], days: int, more: int, cycle: Cycle
) -> None:
    versions, opened = history
    today = max([opened, *(each.since for each in versions)]) + timedelta(days=days)
    yesterday = today - timedelta(days=1)
    stated = list(periods(versions, opened, yesterday))
    changed = [*versions, CycleVersion(cycle, today + timedelta(days=1))]
    later = list(periods(changed, opened, yesterday + timedelta(days=more)))
    assert later[: len(stated)] == stated
