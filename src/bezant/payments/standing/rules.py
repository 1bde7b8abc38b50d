"""On which days a standing order pays: calendar arithmetic, pure."""

import calendar
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from bezant.ledger import add_months
from bezant.payments.calendars.target import is_business_day

UPCOMING_MAX: Final = 12
COUNT_MAX: Final = 10_000

_MONTHS_A_YEAR: Final = 12
_ONE_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)


class Every(StrEnum):
    """What days are counted in."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Shift(StrEnum):
    """What becomes of a day on which TARGET is closed: paid all the same, after, or before it."""

    NONE = "none"
    FOLLOWING = "following"
    PRECEDING = "preceding"


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """When a standing order pays.

    Attributes:
        first: the first day, or with `day_of_month` from when on such a day is looked for.
        interval: every how many weeks, months or years.
        day_of_month: of every month; the last one where a month is shorter. Without it the day of
            `first`. For months only.
        last: no day after this one, before any shift.
        count: how many times.
    """

    every: Every
    first: date
    interval: Annotated[int, Meta(ge=1, le=60)] = 1
    day_of_month: Annotated[int, Meta(ge=1, le=31)] | None = None
    last: date | None = None
    count: Annotated[int, Meta(ge=1, le=COUNT_MAX)] | None = None
    shift: Shift = Shift.NONE

    def __post_init__(self) -> None:
        if self.day_of_month is not None and self.every is not Every.MONTH:
            raise ValueError("`day_of_month` is for months")
        if self.last is not None and self.last < self.first:
            raise ValueError("`last` is before `first`")

    def day(self, no: int) -> date | None:
        """The day of an occurrence, counted from 1; None where there is no such occurrence."""
        if self.count is not None and no > self.count:
            return None
        try:
            nominal = self._nominal(no)
            if self.last is not None and nominal > self.last:
                return None
            return _shifted(nominal, self.shift)
        except OverflowError:
            return None  # the calendar ends

    def upcoming(self, no: int) -> list[date]:
        """The days from an occurrence on, at most `UPCOMING_MAX`."""
        days = (self.day(each) for each in range(no, no + UPCOMING_MAX))
        return [day for day in days if day is not None]

    def _nominal(self, no: int) -> date:
        steps = (no - 1) * self.interval
        if self.every is Every.WEEK:
            return self.first + steps * _WEEK
        if self.every is Every.YEAR:
            return add_months(self.first, steps * _MONTHS_A_YEAR)
        wanted = self.day_of_month or self.first.day
        begins = self.first.replace(day=1)
        # Counted from the rule's own day, so that a short month shortens no month after it.
        later = _on(begins, wanted) < self.first
        return _on(add_months(begins, steps + later), wanted)


def _on(month: date, day: int) -> date:
    last = calendar.monthrange(month.year, month.month)[1]
    return month.replace(day=min(day, last))


def _shifted(day: date, shift: Shift) -> date:
    if shift is Shift.NONE:
        return day
    step = _ONE_DAY if shift is Shift.FOLLOWING else -_ONE_DAY
    while not is_business_day(day):
        day += step
    return day
