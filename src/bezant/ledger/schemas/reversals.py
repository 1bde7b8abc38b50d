"""Taking recorded transactions back."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.instants import Instant, require_within_calendar
from bezant.ledger.schemas.terms import Metadata, PositiveAmount

LEGS_REVERSED_MAX = 8_190


class LegReversal(Struct, frozen=True, forbid_unknown_fields=True):
    """Part of one leg, taken back.

    Attributes:
        transfer_id: of the leg.
        amount: how much of it; without, all that is left.
    """

    transfer_id: UUID
    amount: PositiveAmount | None = None


LegReversals = Annotated[list[LegReversal], Meta(min_length=1, max_length=LEGS_REVERSED_MAX)]


class Reversal(Struct, frozen=True, forbid_unknown_fields=True):
    """What a transaction takes back of an earlier one.

    Attributes:
        transaction: the earlier one.
        postings: which of its legs, and how much; without, all that is left of all that moved
            money.
        booking_date: of the legs that take it back; as a `Posting`'s.
        value_date: as `booking_date`.
    """

    transaction: UUID
    postings: LegReversals | None = None
    booking_date: date | None = None
    value_date: date | None = None

    def __post_init__(self) -> None:
        require_distinct(self.postings)


class ReversalOfTransaction(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/transactions/{transaction}/reverse`.

    Attributes:
        id: the client's identifier of the reversal; the same reversal under it is posted once.
        effective_at: when it counts from; defaults to now, and for a transaction that is dated
            later to that transaction's own instant.
        postings: as `Reversal`.
        booking_date: defaults to the day of `recorded_at` in the book's time zone.
        value_date: defaults to the day of `effective_at` in the book's time zone.
        metadata: erasable content of the reversal.
        reason: why, for people; erasable like metadata.
        dry_run: answer as if it were posted, and post nothing.
    """

    id: UUID | None = None
    effective_at: Instant | None = None
    postings: LegReversals | None = None
    booking_date: date | None = None
    value_date: date | None = None
    metadata: Metadata | None = None
    reason: Annotated[str, Meta(max_length=500)] | None = None
    dry_run: bool = False

    def __post_init__(self) -> None:
        require_within_calendar(self.effective_at, "effective_at")
        require_distinct(self.postings)


def require_distinct(postings: list[LegReversal] | None) -> None:
    """Check that each leg is named once.

    Raises:
        ValueError: the decoder makes a refusal of it that names the field.
    """
    if postings is not None and len({leg.transfer_id for leg in postings}) < len(postings):
        raise ValueError("Invalid field `postings`: a transfer is named twice")
