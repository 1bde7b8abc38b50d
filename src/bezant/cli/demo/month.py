"""The month before the present one: over, and still open."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self


@dataclass(frozen=True, slots=True)
class Month:
    """A month by its first and last day."""

    first: date
    last: date

    @classmethod
    def before(cls, today: date) -> Self:
        """The month before the one that a day lies in."""
        last = today.replace(day=1) - timedelta(days=1)
        return cls(last.replace(day=1), last)

    @property
    def id(self) -> str:
        """As the API names it: `2026-10`."""
        return f"{self.first:%Y-%m}"

    @property
    def title(self) -> str:
        """For people: `October 2026`."""
        return f"{self.first:%B %Y}"

    @property
    def next(self) -> "Month":
        """The month after it."""
        first = self.last + timedelta(days=1)
        return Month(first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))

    def day(self, number: int) -> date:
        """A day by its number, up to 28, which every month has."""
        return self.first.replace(day=number)

    def noon(self, day: date) -> datetime:
        """An instant of a day, which is the same day in the book's time zone too."""
        return datetime.combine(day, time(12), UTC)
