"""When occurrences are: calendar arithmetic in a book's time zone, pure."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bezant.kernel.instants import LATEST

MONTHS: Final = 12


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall-clock time.

    RFC 5545's rule (3.3.5): a time that occurs twice is the first of the two; one that the clocks
    skip is read with the offset from before, so 02:30 of a spring-forward night is 03:30.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the month's last where that month is shorter.

    Raises:
        OverflowError: after the calendar's end.
    """
    year, month = divmod(day.year * MONTHS + day.month - 1 + months, MONTHS)
    if year > LATEST.year:
        raise OverflowError("after the calendar's end")
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins; where the clocks skip midnight, the instant at which they do."""
    return instant_of(datetime.combine(day, time.min), zone)


def step(first_at: datetime, zone: ZoneInfo, *, days: int = 0, months: int = 0) -> datetime | None:
    """The instant some calendar days or months after the first, at its wall-clock time.

    None after the calendar's end.
    """
    if not (days or months):
        return first_at
    wall = first_at.astimezone(zone)
    try:
        day = add_months(wall.date(), months) + timedelta(days=days)
    except OverflowError:
        return None
    at = instant_of(datetime.combine(day, wall.time()), zone)
    return at if at <= LATEST else None
