"""Cuts through a book's history in its two times: when it counts, and when it was known."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Final

FIRST: Final = datetime.min.replace(tzinfo=UTC)
"""Before everything that counts."""

LAST: Final = datetime.max.replace(tzinfo=UTC)
"""After everything that counts."""

Position = tuple[datetime, int, int]
"""A place between entries: a time, of a date its midnight in UTC; then `seq` and leg."""


def instant_of(at: datetime | date) -> datetime:
    """A time as an instant: of a date its midnight in UTC, whatever the book's time zone."""
    return at if isinstance(at, datetime) else datetime.combine(at, time(), UTC)


class Axis(StrEnum):
    """The time by which entries count. Instants are UTC, dates are in the book's time zone."""

    EFFECTIVE = "effective"
    BOOKING = "booking"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that counts up to a time, of what the book knew at a number of its feed.

    Attributes:
        until: included. An instant on the effective axis, a date on the others.
        seq: of the last transaction that is known, included.
    """

    axis: Axis
    until: datetime | date
    seq: int

    def __post_init__(self) -> None:
        is_instant = isinstance(self.until, datetime)
        assert is_instant == (self.axis is Axis.EFFECTIVE), "an instant is no date"

    def bounds(self) -> tuple[datetime | None, date | None, date | None]:
        """The bound of each axis, in the order in which they are declared; one is not None."""
        return (
            self.until if isinstance(self.until, datetime) else None,
            self.until if self.axis is Axis.BOOKING else None,
            self.until if self.axis is Axis.VALUE else None,
        )


@dataclass(frozen=True, slots=True)
class Span:
    """What counts from a time to another, both included, of what was known at a number."""

    axis: Axis
    start: datetime | date
    end: datetime | date
    seq: int
