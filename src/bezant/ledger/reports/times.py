"""The times of a report, out of how they are asked for."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bezant.kernel.errors import Malformed
from bezant.kernel.instants import EARLIEST, LATEST
from bezant.ledger.history import Axis

_MICROSECOND: Final = timedelta(microseconds=1)


def starts_at(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in a time zone, UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def ends_at(day: date, zone: ZoneInfo) -> datetime:
    """The last microsecond of a day in a time zone, UTC."""
    return starts_at(day + timedelta(days=1), zone) - _MICROSECOND


def until_of(asked: str | None, axis: Axis, zone: ZoneInfo, now: datetime) -> datetime | date:
    """What counts up to: an instant on the effective axis, a day on the others.

    Args:
        asked: a day, to its end, or an instant; None for the present.
        axis: an instant is for the effective one.
        zone: the book's.
        now: the present.

    Raises:
        Malformed: neither a day nor an instant, or an instant where days are counted.
    """
    if asked is None:
        return now if axis is Axis.EFFECTIVE else now.astimezone(zone).date()
    if "T" not in asked:
        day = require_day(_parsed_day(asked), "at")
        return ends_at(day, zone) if axis is Axis.EFFECTIVE else day
    if axis is not Axis.EFFECTIVE:
        raise Malformed(f"By {axis} dates, `at` is a day.", field="at")
    try:
        instant = datetime.fromisoformat(asked)
    except ValueError:
        raise Malformed("`at` is a day or an instant.", field="at") from None
    if not EARLIEST <= instant <= LATEST:
        raise Malformed("`at` lies in the years 1970 to 9998.", field="at")
    return instant.astimezone(UTC)


def require_day(day: date, field: str) -> date:
    """A day well within the calendar.

    Raises:
        Malformed: before 1970, or after 9998.
    """
    if not EARLIEST.date() <= day <= LATEST.date():
        raise Malformed(f"`{field}` lies in the years 1970 to 9998.", field=field)
    return day


def _parsed_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Malformed("`at` is a day or an instant.", field="at") from None
