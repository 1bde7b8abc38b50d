"""The periods of a customer's statements: pure rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

_DAY: Final = timedelta(days=1)
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


class Cycle(StrEnum):
    """How often a statement ends: each day, on Sundays, or with a calendar month, quarter, year."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    def last_day(self, day: date) -> date:
        """The last day of the calendar period that a day is in."""
        if self is Cycle.DAY:
            return day
        if self is Cycle.WEEK:
            return day + timedelta(days=7 - day.isoweekday())
        months = _MONTHS[self]
        following = (day.year * 12 + day.month - 1) // months * months + months
        return date(following // 12, following % 12 + 1, 1) - _DAY


@dataclass(frozen=True, slots=True)
class CycleVersion:
    """A cycle from a day on."""

    cycle: Cycle
    since: date


@dataclass(frozen=True, slots=True)
class StatementPeriod:
    """The days of a statement, both included, in the time zone of the account's book.

    Attributes:
        number: from 1 on, without gaps: a missing statement is seen.
    """

    number: int
    start: date
    end: date


def periods(
    versions: Sequence[CycleVersion], opened: date, until: date, closed: date | None = None
) -> Iterator[StatementPeriod]:
    """The periods that are over, oldest first: each day since the opening is in exactly one.

    A change of the cycle ends the period that is running, so that nothing is stated twice and the
    numbers of statements that were given out never change. So does the account's end: what it was
    closed with is in its last statement.

    Args:
        versions: in the order of their days, from none on; the first holds since the opening.
        opened: the account's first day.
        until: the last day that is over.
        closed: the account's last day; None while it is open.
    """
    number, start = 1, opened
    cycles = [CycleVersion(Cycle.MONTH, opened), *versions]
    while True:
        current = next(each for each in reversed(cycles) if each.since <= start)
        end = current.cycle.last_day(start)
        following = min((each.since for each in cycles if each.since > start), default=None)
        if following is not None:
            end = min(end, following - _DAY)
        if closed is not None:
            end = min(end, closed)
        if end > until:
            return
        yield StatementPeriod(number, start, end)
        if end == closed:
            return
        number, start = number + 1, end + _DAY
