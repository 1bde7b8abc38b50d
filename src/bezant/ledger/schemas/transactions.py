"""Transactions, alone and in batches."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.instants import Instant, require_within_calendar
from bezant.ledger.schemas.reversals import Reversal
from bezant.ledger.schemas.terms import AccountId, Amount, AssetCode, Metadata, PostingCode, Side

BATCH_TRANSACTIONS_MAX = 8_190
POSTINGS_MAX = 8_190
EXPIRES_IN_S_MAX = 10 * 366 * 86_400


class Posting(Struct, frozen=True, forbid_unknown_fields=True):
    """One leg: `amount` moves from the credited account's side to the debited one's.

    Attributes:
        booking_date: defaults to the day of `recorded_at` in the book's time zone.
        value_date: defaults to the day of `effective_at` in the book's time zone.
        pending: reserve the amount by a hold, to be captured or voided.
        expires_in_s: give back what is left of the hold after so many seconds; without, never.
        hold_group: names holds that can be voided together; defaults to the transaction.
        closes: whose account takes nothing more until the hold is voided or expires.
        balancing: move as much as is available on that side, up to `amount`.
    """

    debit: AccountId
    credit: AccountId
    asset: AssetCode
    amount: Amount
    code: PostingCode = ""
    booking_date: date | None = None
    value_date: date | None = None
    pending: bool = False
    expires_in_s: Annotated[int, Meta(ge=1, le=EXPIRES_IN_S_MAX)] | None = None
    hold_group: UUID | None = None
    closes: Side | None = None
    balancing: Side | None = None


class Capture(Struct, frozen=True, forbid_unknown_fields=True):
    """A hold turned into a posting, in full or in part.

    Attributes:
        amount: what to capture; without, all that remains.
        release: give back what this capture leaves; otherwise it can be captured later.
    """

    hold: UUID
    amount: Amount | None = None
    release: bool = False


class NewTransaction(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/transactions`: postings that stand or fall together.

    Attributes:
        captures: holds to capture in the same transaction, after the postings.
        voids: holds to void in the same transaction, after the captures.
        reverses: what to take back of an earlier transaction, last. A correction that is posted in
            the same transaction is judged together with it.
        imported: history brought from elsewhere: `effective_at` is given and past, and not before
            the accounts were opened; its holds do not expire.
        id: the client's identifier; the same transaction under the same id is posted once.
        effective_at: when it counts from; defaults to `recorded_at`.
        metadata: erasable content, kept apart from the postings.
        reason: why, for people; erasable like metadata.
        dry_run: answer as if it were posted, and post nothing.
    """

    postings: Annotated[list[Posting], Meta(max_length=POSTINGS_MAX)] = []
    id: UUID | None = None
    effective_at: Instant | None = None
    metadata: Metadata | None = None
    reason: Annotated[str, Meta(max_length=500)] | None = None
    dry_run: bool = False
    captures: Annotated[list[Capture], Meta(max_length=POSTINGS_MAX)] = []
    voids: Annotated[list[UUID], Meta(max_length=POSTINGS_MAX)] = []
    imported: bool = False
    reverses: Reversal | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.effective_at, "effective_at")
        if not (self.postings or self.captures or self.voids or self.reverses):
            raise ValueError(
                "Invalid field `postings`: a transaction posts, captures, voids or reverses"
            )

    @property
    def weight(self) -> int:
        """The most legs that it can have: what a capture leaves is given back by one of its own.

        A reversal of the whole counts as one: how many legs that is shows later.
        """
        reversed_legs = 0
        if self.reverses is not None:
            reversed_legs = len(self.reverses.postings or [None])
        settling = 2 * len(self.captures) + len(self.voids)
        return len(self.postings) + settling + reversed_legs


class PostedLeg(Struct, frozen=True, omit_defaults=True):
    """One leg as recorded: the postings, then captures, then voids, then what is reversed.

    Attributes:
        reverses: the transfer that it takes back, in full or in part.
    """

    transfer_id: UUID
    amount: str
    hold_id: UUID | None = None
    reverses: UUID | None = None


class PostedTransaction(Struct, frozen=True):
    """201: the transaction is durable. `seq` is its place in the book's feed."""

    id: UUID
    seq: int
    recorded_at: datetime
    postings: list[PostedLeg]


class BatchTransaction(NewTransaction, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One item of a batch; its `id` makes it idempotent by itself.

    Attributes:
        linked: stands or falls with the next item; the last of a chain is not linked.
    """

    id: UUID
    linked: bool = False


class NewBatch(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/transactions/batch`: each item, or chain of linked ones, by itself."""

    transactions: Annotated[
        list[BatchTransaction], Meta(min_length=1, max_length=BATCH_TRANSACTIONS_MAX)
    ]


class BatchResult(Struct, frozen=True, omit_defaults=True):
    """What became of one item: 201 with `id`, or the refusal's status, code, detail and field.

    Attributes:
        stood_before: the item was posted by an earlier request.
    """

    status: int
    id: UUID
    code: str | None = None
    detail: str | None = None
    field: str | None = None
    stood_before: bool = False


class BatchResults(Struct, frozen=True):
    """One result per item, in the items' order."""

    results: list[BatchResult]


class TransactionLeg(Struct, frozen=True):
    """One leg of a recorded transaction. `kind` and `hold_id` are as in an `Entry`.

    Attributes:
        reverses: the transfer that it takes back, in full or in part.
        reversible: how much of it can still be taken back.
    """

    transfer_id: UUID
    kind: str
    hold_id: UUID | None
    debit: str
    credit: str
    asset: str
    amount: str
    code: str
    booking_date: date
    value_date: date
    reverses: UUID | None
    reversible: str


class Transaction(Struct, frozen=True):
    """A recorded transaction. `metadata` and `reason` are None when absent or erased.

    Attributes:
        reverses: the transaction that it takes back, in full or in part.
        reversed_by: the transactions that took it back, oldest first; the first 100.
    """

    id: UUID
    seq: int
    effective_at: datetime
    recorded_at: datetime
    postings: list[TransactionLeg]
    metadata: dict[str, str] | None
    reason: str | None
    reverses: UUID | None
    reversed_by: list[UUID]
