"""Wire models of the ledger's routes. Amounts are strings of minor units."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from bezant.kernel.instants import Instant, require_within_calendar

BATCH_TRANSACTIONS_MAX = 8_190
BATCH_ACCOUNTS_MAX = 8_190
POSTINGS_MAX = 8_190
EXPIRES_IN_S_MAX = 10 * 366 * 86_400
METADATA_MEMBERS_MAX = 50

# `\Z`, since Python's `$` also matches before a final newline.
AccountId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9:._@-]{0,127}\Z",
        max_length=128,
        description="The client's own identifier: an opaque reference, no personal data.",
        examples=["customers:42:wallet"],
    ),
]
AssetCode = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z][A-Z0-9]{0,15}\Z",
        max_length=16,
        description="ISO 4217 or own code.",
        examples=["EUR"],
    ),
]
Amount = Annotated[
    str,
    Meta(
        pattern=r"^(0|[1-9][0-9]{0,38})\Z",
        max_length=39,
        description="Minor units.",
        examples=["1250"],
    ),
]
Limit = Annotated[
    str,
    Meta(
        pattern=r"^(0|[1-9][0-9]{0,38})\Z",
        max_length=39,
        description="Minor units.",
        examples=["0"],
    ),
]
PostingCode = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.-]{0,32}\Z",
        max_length=32,
        description="The client's kind of posting.",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
MetadataKey = Annotated[str, Meta(min_length=1, max_length=64)]
MetadataValue = Annotated[str, Meta(max_length=1_000)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=METADATA_MEMBERS_MAX)]


class AccountType(StrEnum):
    """The five types of double-entry accounting. Assets and expenses are debit-normal."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class AccountStatus(StrEnum):
    """Open accounts take postings; frozen and closed ones refuse them."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class Side(StrEnum):
    """One side of a posting, or both of them."""

    DEBIT = "debit"
    CREDIT = "credit"
    BOTH = "both"


class HoldState(StrEnum):
    """An open hold can be captured or voided; the others are final."""

    OPEN = "open"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


class Asset(Struct, frozen=True, forbid_unknown_fields=True):
    """What a book counts in. The scale is the number of fraction digits of a unit."""

    code: AssetCode
    scale: Annotated[int, Meta(ge=0, le=18)]


class NewBook(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books`."""

    name: Name
    assets: Annotated[list[Asset], Meta(min_length=1, max_length=100)]
    time_zone: Annotated[str, Meta(max_length=64, examples=["Europe/Paris"])] = "UTC"


class Book(Struct, frozen=True):
    """A tenant's set of accounts."""

    id: UUID
    name: str
    time_zone: str
    assets: list[Asset]
    created_at: datetime


class Limits(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Bounds of an account's balance, in its normal direction.

    Attributes:
        overdraft: how far below zero the available balance may go; "0" allows none.
        minimum: what must remain available. Not together with `overdraft`.
        maximum: the most that the account may hold, pending included.
    """

    overdraft: Limit | None = None
    minimum: Limit | None = None
    maximum: Limit | None = None


class NewAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/accounts`.

    Attributes:
        limit_group: the group whose joint limit the account counts towards.
        opened_at: for an account brought from elsewhere, when it was opened there.
    """

    id: AccountId
    asset: AssetCode
    type: AccountType
    limits: Limits = Limits()
    limit_group: AccountId | None = None
    opened_at: Instant | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.opened_at, "opened_at")


class BatchAccount(NewAccount, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One item of a batch. A linked item stands or falls with the next one."""

    linked: bool = False


class NewAccounts(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/account-batches`: each item, or chain of linked ones, by itself."""

    accounts: Annotated[list[BatchAccount], Meta(min_length=1, max_length=BATCH_ACCOUNTS_MAX)]


class AccountResult(Struct, frozen=True, omit_defaults=True):
    """What became of one account: 201, or the refusal's status, code, detail and field."""

    status: int
    id: str
    code: str | None = None
    detail: str | None = None
    field: str | None = None


class AccountResults(Struct, frozen=True):
    """One result per item, in the items' order."""

    results: list[AccountResult]


class AccountChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /v1/books/{book}/accounts/{id}`: what is left out stays."""

    status: AccountStatus | UnsetType = UNSET
    limits: Limits | UnsetType = UNSET
    limit_group: AccountId | UnsetType | None = UNSET


class Account(Struct, frozen=True):
    """An account as it stands."""

    id: str
    asset: str
    type: AccountType
    status: AccountStatus
    limits: Limits
    limit_group: str | None
    opened_at: datetime


class NewLimitGroup(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/limit-groups`: limits for the sum of its accounts' balances.

    Its accounts have its asset and its normal direction.
    """

    id: AccountId
    asset: AssetCode
    type: AccountType
    limits: Limits


class LimitGroupChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /v1/books/{book}/limit-groups/{id}`."""

    limits: Limits


class LimitGroup(Struct, frozen=True):
    """A limit group as it stands, with the sums over its accounts in their normal direction."""

    id: str
    asset: str
    type: AccountType
    limits: Limits
    posted: str
    pending_debits: str
    pending_credits: str
    available: str
    opened_at: datetime


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
        voids: holds to void in the same transaction, last.
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

    def __post_init__(self) -> None:
        require_within_calendar(self.effective_at, "effective_at")
        if not (self.postings or self.captures or self.voids):
            raise ValueError("Invalid field `postings`: a transaction posts, captures or voids")

    @property
    def weight(self) -> int:
        """The most legs that it can have: what a capture leaves is given back by one of its own."""
        return len(self.postings) + 2 * len(self.captures) + len(self.voids)


class PostedLeg(Struct, frozen=True, omit_defaults=True):
    """One leg as recorded: the postings, then captures, then voids."""

    transfer_id: UUID
    amount: str
    hold_id: UUID | None = None


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


class Balance(Struct, frozen=True):
    """An account's balance in its normal direction, minor units.

    Attributes:
        version: the number of transfers that touched the account; gapless.
        as_of: the instant of the last of them, or of the account's opening.
    """

    account: str
    asset: str
    posted: str
    pending_debits: str
    pending_credits: str
    available: str
    version: int
    as_of: datetime


class Totals(Struct, frozen=True):
    """The four sums that an account's balance is made of, minor units.

    Attributes:
        seq: of the book's feed; the sums are over everything up to it.
    """

    account: str
    seq: int
    debits_posted: str
    credits_posted: str
    debits_pending: str
    credits_pending: str


class Entry(Struct, frozen=True):
    """One transfer as seen from one of its accounts.

    Attributes:
        kind: `posted`, or what a hold did: `pending` reserves, `captured` moves what was reserved,
            `voided` and `expired` give it back.
        hold_id: of every kind but `posted`.
        direction: `debit` or `credit`, of the account looked at.
        counterparty: the account on the other side.
    """

    transfer_id: UUID
    transaction_id: UUID
    seq: int
    kind: str
    hold_id: UUID | None
    direction: str
    counterparty: str
    amount: str
    code: str
    booking_date: date
    value_date: date
    effective_at: datetime
    recorded_at: datetime


class Entries(Struct, frozen=True):
    """A page, newest last. `next` continues after it, and stays valid while entries are added."""

    entries: list[Entry]
    next: str | None


class TransactionLeg(Struct, frozen=True):
    """One leg of a recorded transaction. `kind` and `hold_id` are as in an `Entry`."""

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


class Transaction(Struct, frozen=True):
    """A recorded transaction. `metadata` and `reason` are None when absent or erased."""

    id: UUID
    seq: int
    effective_at: datetime
    recorded_at: datetime
    postings: list[TransactionLeg]
    metadata: dict[str, str] | None
    reason: str | None


class Books(Struct, frozen=True):
    """A page of books, oldest first."""

    books: list[Book]
    next: str | None


class Accounts(Struct, frozen=True):
    """A page of accounts, in the order of their identifiers."""

    accounts: list[Account]
    next: str | None


class CaptureOfHold(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/holds/{hold}/capture`; as `Capture`."""

    amount: Amount | None = None
    release: bool = False


class VoidOfHold(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/holds/{hold}/void`.

    Attributes:
        group: void every open hold of its group as well.
    """

    group: bool = False


class Hold(Struct, frozen=True):
    """Reserved funds as they stand.

    Attributes:
        group: holds that are voided together.
        transaction_id: of the transaction that reserved them.
        remaining: what can still be captured.
        expires_at: when what remains is given back; null for never.
    """

    id: UUID
    group: UUID
    transaction_id: UUID
    state: HoldState
    debit: str
    credit: str
    amount: str
    captured: str
    remaining: str
    code: str
    closes: Side | None
    expires_at: datetime | None


class SettledHold(Struct, frozen=True):
    """What became of a hold, and the transaction that did it.

    Attributes:
        voided: the identifiers of the holds voided, itself included.
    """

    hold: Hold
    transaction: PostedTransaction
    voided: list[UUID]
