"""Accounts, their limits and their balances."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from bezant.kernel.instants import Instant, require_within_calendar
from bezant.ledger.schemas.terms import AccountId, AccountStatus, AccountType, AssetCode, Limit

BATCH_ACCOUNTS_MAX = 8_190


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


class Accounts(Struct, frozen=True):
    """A page of accounts, in the order of their identifiers."""

    accounts: list[Account]
    next: str | None


class Balance(Struct, frozen=True):
    """An account's balance in its normal direction, minor units.

    Attributes:
        version: the number of transfers that touched the account; gapless.
        as_of: the instant of the last of them, or of the account's opening; of a moment in the
            past, the instant at which it was so known.
        effective_at: of a moment in the past: what counts after it is left out.
        known_at: of a moment in the past: what was recorded after it is left out.
        seq: of a moment in the past: the last number of the book's feed that was known.
    """

    account: str
    asset: str
    posted: str
    pending_debits: str
    pending_credits: str
    available: str
    version: int
    as_of: datetime
    effective_at: datetime | UnsetType = UNSET
    known_at: datetime | UnsetType = UNSET
    seq: int | UnsetType = UNSET


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
    """A page, newest last. `next` continues after it, and stays valid while entries are added.

    Attributes:
        seq: where entries come in the order of an axis, the last number that all pages know.
    """

    entries: list[Entry]
    next: str | None
    seq: int | UnsetType = UNSET
