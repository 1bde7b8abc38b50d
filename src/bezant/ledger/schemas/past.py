"""Query parameters that name moments of the past."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from bezant.kernel.instants import Instant, require_within_calendar

_TEXT_MAX: Final = 40

InstantText = Annotated[str, Meta(max_length=_TEXT_MAX, extra_json_schema={"format": "date-time"})]
TimeText = Annotated[
    str,
    Meta(
        max_length=_TEXT_MAX,
        description="Included. An instant on the effective axis, a date on the others.",
    ),
]


class EntryAxis(StrEnum):
    """The time by which entries count and are listed."""

    EFFECTIVE = "effective"
    BOOKING = "booking"
    VALUE = "value"


class MomentQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which moment of the book's two times is asked for; the present without either.

    Attributes:
        effective_at: counts what counts from this instant or before; without, everything.
        known_at: of what the book knew at this instant; without, of what it knows now.
    """

    effective_at: InstantText | None = None
    known_at: InstantText | None = None

    def __post_init__(self) -> None:
        read_instant(self.effective_at, "effective_at")
        read_instant(self.known_at, "known_at")

    @property
    def moment(self) -> tuple[datetime | None, datetime | None]:
        """Both instants."""
        return (
            read_instant(self.effective_at, "effective_at"),
            read_instant(self.known_at, "known_at"),
        )


def read_instant(text: str | None, field: str) -> datetime | None:
    """An instant of a query.

    Raises:
        ValueError: not an instant with its offset, or out of range; it names the field.
    """
    if text is None:
        return None
    try:
        instant = msgspec.convert(text, Instant)
    except msgspec.ValidationError:
        raise ValueError(f"Invalid field `{field}`: an instant with its offset") from None
    require_within_calendar(instant, field)
    return instant


def read_time(axis: EntryAxis | None, text: str | None, field: str) -> datetime | date | None:
    """A time of an axis: an instant on the effective one, which is the default, else a date.

    Raises:
        ValueError: not such a time; it names the field.
    """
    if text is None or axis in {None, EntryAxis.EFFECTIVE}:
        return read_instant(text, field)
    try:
        return msgspec.convert(text, date)
    except msgspec.ValidationError:
        raise ValueError(f"Invalid field `{field}`: a date such as 2026-01-31") from None
