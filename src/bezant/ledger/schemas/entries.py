"""Which entries of an account are asked for."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from bezant.kernel.pagination import Page
from bezant.ledger.schemas.past import (
    EntryAxis,
    InstantText,
    TimeText,
    read_instant,
    read_time,
)
from bezant.ledger.schemas.terms import MetadataKey, MetadataValue, PostingCode


class EntryFilter(Struct, frozen=True):
    """What entries have to be like; None asks for nothing. Dates are included.

    Attributes:
        metadata: a member of their transaction's metadata, by key and value.
    """

    code: str | None
    start: date | None
    end: date | None
    metadata: tuple[str, str] | None

    def admits(self, code: str, booking_date: date) -> bool:
        """Whether an entry is of the code and the days that are asked for."""
        return (
            (self.code is None or code == self.code)
            and (self.start is None or self.start <= booking_date)
            and (self.end is None or booking_date <= self.end)
        )


class EntriesQuery(Page, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Which entries, a page at a time.

    With any of the first five the entries come in the order of the axis, then of recording;
    without, in the order of recording. Filters keep the order of recording, and go with booking
    dates only.

    Attributes:
        axis: `effective` unless given.
        effective_at: short for `to` on the effective axis.
        known_at: of what the book knew at this instant; without, of what it knows now.
        metadata_key: reading what may identify people is audited.
    """

    axis: EntryAxis | None = None
    from_: TimeText | None = None
    to: TimeText | None = None
    effective_at: InstantText | None = None
    known_at: InstantText | None = None
    code: Annotated[PostingCode, Meta(description="Only of this code.")] | None = None
    metadata_key: (
        Annotated[
            MetadataKey,
            Meta(description="Only of transactions with this member of metadata; audited."),
        ]
        | None
    ) = None
    metadata_value: Annotated[MetadataValue, Meta(description="And it has to be this.")] | None = (
        None
    )

    def __post_init__(self) -> None:
        if (self.metadata_key is None) != (self.metadata_value is None):
            raise ValueError("Invalid field `metadata_key`: goes together with metadata_value")
        if self.effective_at is not None and (
            self.to is not None or self.axis not in {None, EntryAxis.EFFECTIVE}
        ):
            raise ValueError("Invalid field `effective_at`: not with `to` or another axis")
        read_instant(self.known_at, "known_at")
        self.bounds()
        if self.filter is not None and not (
            self.axis is EntryAxis.BOOKING or (self.axis is self.from_ is self.to is None)
        ):
            raise ValueError("Invalid field `axis`: filters go with booking dates")
        if self.filter is not None and (self.effective_at or self.known_at) is not None:
            raise ValueError("Invalid field `known_at`: filters look at the present")

    @property
    def filter(self) -> EntryFilter | None:
        """What the entries have to be like; None where no filter is asked for."""
        if self.code is None and self.metadata_key is None:
            return None
        metadata = None
        if self.metadata_key is not None and self.metadata_value is not None:
            metadata = (self.metadata_key, self.metadata_value)
        start, end = self.bounds()
        return EntryFilter(self.code, start, end, metadata)

    @property
    def is_dated(self) -> bool:
        """Whether entries are asked for by their time."""
        return any(
            each is not None
            for each in (self.axis, self.from_, self.to, self.effective_at, self.known_at)
        )

    def bounds(self) -> tuple[datetime | date | None, datetime | date | None]:
        """The first and the last time of the axis, both included; None for no bound.

        Raises:
            ValueError: one is not a time of the axis.
        """
        if self.effective_at is not None:
            return read_time(self.axis, self.from_, "from"), read_instant(
                self.effective_at, "effective_at"
            )
        return read_time(self.axis, self.from_, "from"), read_time(self.axis, self.to, "to")
