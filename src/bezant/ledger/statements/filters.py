"""Filters on an account's entries: by code, booking date, and metadata."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct, field

from bezant.kernel.pagination import Page
from bezant.ledger.schemas import MetadataKey, MetadataValue, PostingCode


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


class EntryQuery(Page, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The page, and which entries. A page may be short, or empty, and still have a `next`."""

    code: Annotated[PostingCode, Meta(description="Only of this code.")] | None = None
    from_: Annotated[date, Meta(description="Not booked before this day.")] | None = field(
        name="from", default=None
    )
    to: Annotated[date, Meta(description="Not booked after this day.")] | None = None
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

    @property
    def filter(self) -> EntryFilter | None:
        """What the entries have to be like; None where all are asked for."""
        metadata = None
        if self.metadata_key is not None and self.metadata_value is not None:
            metadata = (self.metadata_key, self.metadata_value)
        asked = EntryFilter(self.code, self.from_, self.to, metadata)
        return None if asked == EntryFilter(None, None, None, None) else asked
