"""When statements end."""

from datetime import date

import pytest

from bezant.banking.statements.domain import Cycle, CycleVersion, StatementPeriod, periods


@pytest.mark.parametrize(
    ("cycle", "day", "last"),
    [
        (Cycle.DAY, date(2024, 2, 29), date(2024, 2, 29)),
        (Cycle.WEEK, date(2026, 11, 29), date(2026, 11, 29)),  # a Sunday
        (Cycle.WEEK, date(2026, 12, 28), date(2027, 1, 3)),
        (Cycle.MONTH, date(2024, 2, 1), date(2024, 2, 29)),
        (Cycle.MONTH, date(2026, 12, 31), date(2026, 12, 31)),
        (Cycle.QUARTER, date(2026, 1, 1), date(2026, 3, 31)),
        (Cycle.QUARTER, date(2026, 11, 29), date(2026, 12, 31)),
        (Cycle.YEAR, date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_statement_ends_with_the_calendar_period(cycle: Cycle, day: date, last: date) -> None:
    assert cycle.last_day(day) == last


def test_the_first_statement_begins_with_the_account_and_only_whole_ones_are_there() -> None:
    found = list(periods([], date(2026, 1, 20), date(2026, 3, 30)))
    assert found == [
        StatementPeriod(1, date(2026, 1, 20), date(2026, 1, 31)),
        StatementPeriod(2, date(2026, 2, 1), date(2026, 2, 28)),
    ]
    assert len(list(periods([], date(2026, 1, 20), date(2026, 3, 31)))) == 3


def test_the_last_statement_ends_with_the_account() -> None:
    opened, closed = date(2026, 1, 20), date(2026, 3, 15)
    assert len(list(periods([], opened, date(2026, 3, 14), closed))) == 2, "the day is not over"
    [*_, last] = periods([], opened, date(2026, 12, 31), closed)
    assert last == StatementPeriod(3, date(2026, 3, 1), closed)
    [only] = periods([], opened, date(2026, 1, 31), date(2026, 1, 20))
    assert only == StatementPeriod(1, opened, opened)


def test_a_change_ends_the_running_period_and_renumbers_nothing() -> None:
    opened, until = date(2026, 1, 1), date(2026, 4, 30)
    before = list(periods([], opened, until))
    changed = [CycleVersion(Cycle.WEEK, date(2026, 4, 10))]
    after = list(periods(changed, opened, until))
    assert after[:3] == before[:3]
    assert after[3] == StatementPeriod(4, date(2026, 4, 1), date(2026, 4, 9))
    assert after[4] == StatementPeriod(5, date(2026, 4, 10), date(2026, 4, 12))


def test_of_two_changes_on_one_day_the_later_holds() -> None:
    day = date(2026, 2, 1)
    changed = [CycleVersion(Cycle.DAY, day), CycleVersion(Cycle.YEAR, day)]
    found = list(periods(changed, date(2026, 1, 1), date(2026, 12, 31)))
    assert [(each.start, each.end) for each in found] == [
        (date(2026, 1, 1), date(2026, 1, 31)),
        (day, date(2026, 12, 31)),
    ]
