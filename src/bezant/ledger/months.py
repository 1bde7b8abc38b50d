"""Accounting periods: the months of a book's time zone, which close and reopen in order. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.ledger.errors import (
    AccountingClosed,
    PeriodClosed,
    PeriodNotClosed,
    PeriodNotLast,
    PeriodNotOver,
)

PERIOD: Final = r"(19[7-9][0-9]|[2-8][0-9]{3})-(0[1-9]|1[0-2])"
"""The form of a period's identifier, such as `2026-10`."""

_PERIOD: Final = re.compile(PERIOD)
_MONTHS: Final = 12
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month; which instants it holds depends on a time zone."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read an identifier such as `2026-10`.

        Raises:
            ValueError: it is none, or lies before 1970 or after 8999.
        """
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no month such as 2026-10")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> "Month":
        """The month of a day."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first_day(self) -> date:
        """The first of the month."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """The last of the month."""
        return self.next.first_day - timedelta(days=1)

    @property
    def next(self) -> "Month":
        """The month after."""
        if self.number == _MONTHS:
            return Month(self.year + 1, 1)
        return Month(self.year, self.number + 1)

    def last_instant(self, zone: ZoneInfo) -> datetime:
        """The last microsecond of the month in a time zone, UTC."""
        ends = datetime.combine(self.next.first_day, time.min, zone)
        return ends.astimezone(UTC) - _MICROSECOND


class PeriodEventKind(StrEnum):
    """What happened to a period."""

    CLOSED = "closed"
    REOPENED = "reopened"


class EventRow(Protocol):
    """A row of `period_event`: the driver's, or a mapping."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401 - as the column is


@dataclass(frozen=True, slots=True)
class Reopening:
    """A request to reopen a period, which a second actor has to approve.

    Attributes:
        reason: why, for people.
        expires_at: from when on it can no longer be approved.
    """

    id: UUID
    month: Month
    reason: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime

    def is_over(self, at: datetime) -> bool:
        """Whether it can no longer be approved."""
        return self.expires_at <= at


@dataclass(frozen=True, slots=True)
class Periods:
    """Which periods of a book are closed: all that end before a day, and none after it.

    Attributes:
        open_from: the first day that is open; `date.min` while no period was ever closed.
        closings: the closing entries that stand, by the period that they closed.
        reopening: what is asked for at present, maybe no longer to be had; at most one.
    """

    open_from: date = date.min
    closings: Mapping[Month, UUID] = field(default_factory=dict)
    reopening: Reopening | None = None

    @classmethod
    def of(cls, events: Iterable[EventRow], reopening: Reopening | None = None) -> "Periods":
        """What a book's events, in order, leave."""
        periods = cls()
        for event in events:
            month = Month.parse(event["period"])
            if PeriodEventKind(event["kind"]) is PeriodEventKind.CLOSED:
                periods = periods.close(month, event["transaction_id"])
            else:
                periods = periods.reopen(month)
        return replace(periods, reopening=reopening)

    @property
    def last_closed(self) -> Month | None:
        """The latest period that is closed; the only one that can be reopened."""
        if self.open_from == date.min:
            return None
        return Month.of(self.open_from - timedelta(days=1))

    def is_closed(self, day: date) -> bool:
        """Whether a day lies in a closed period."""
        return day < self.open_from

    def check_dated(self, effective_day: date, booking_date: date) -> None:
        """Refuse what is dated into a closed period.

        Args:
            effective_day: the day, in the book's time zone, from which it counts.
            booking_date: when it is booked.

        Raises:
            AccountingClosed: naming the field.
        """
        if effective_day < self.open_from:
            day, name = effective_day, "effective_at"
        elif booking_date < self.open_from:
            day, name = booking_date, "booking_date"
        else:
            return
        raise AccountingClosed(
            f"{day} lies in {Month.of(day)}, which is closed.",
            field=name,
            period=str(Month.of(day)),
        )

    def check_closing(self, month: Month, today: date) -> None:
        """Refuse to close what cannot be closed on a day.

        Raises:
            PeriodClosed: it is closed.
            PeriodNotOver: it has days left.
        """
        if self.is_closed(month.first_day):
            raise PeriodClosed(f"{month} is closed.", period=str(month))
        if today <= month.last_day:
            raise PeriodNotOver(f"{month} is not over before {month.next.first_day}.")

    def close(self, month: Month, closing: UUID | None) -> "Periods":
        """With a period closed, and every one before it.

        Args:
            month: which was open.
            closing: the transaction of its closing entries, if it has any.

        Raises:
            PeriodClosed: it is closed.
        """
        if self.is_closed(month.first_day):
            raise PeriodClosed(f"{month} is closed.", period=str(month))
        closings = {**self.closings, month: closing} if closing is not None else self.closings
        return Periods(month.next.first_day, closings)

    def check_last_closed(self, month: Month) -> None:
        """Refuse to reopen what is not the latest closed period.

        Raises:
            PeriodNotClosed: it is open.
            PeriodNotLast: a later one is closed as well, and has to be reopened first.
        """
        if not self.is_closed(month.first_day):
            raise PeriodNotClosed(f"{month} is open.", period=str(month))
        if month != self.last_closed:
            raise PeriodNotLast(
                f"{self.last_closed} is closed as well; reopen it first.",
                period=str(self.last_closed),
            )

    def reopen(self, month: Month) -> "Periods":
        """With the latest closed period open again.

        Raises:
            PeriodNotClosed: it is open.
            PeriodNotLast: it is not the latest.
        """
        self.check_last_closed(month)
        closings = {each: closing for each, closing in self.closings.items() if each != month}
        return Periods(month.first_day, closings)

    def asking(self, reopening: Reopening | None) -> "Periods":
        """With a request to reopen, or without any."""
        return replace(self, reopening=reopening)
