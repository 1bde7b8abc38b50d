"""Wire models of accounts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.banking.accounts.domain import AccountStatus, BlockKind, Direction
from bezant.banking.products.schemas import Version
from bezant.banking.terms.interest import MinorUnits
from bezant.kernel.instants import Instant, require_within_calendar
from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive
from bezant.ledger import schemas

Reason = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]{1,63}\Z",
        description="Why, as a word that history keeps for ever: sentences tell about people.",
    ),
]
Positive = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,37}\Z")]
Iban = Annotated[str, Meta(min_length=5, max_length=42)]


class NewBankAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts`.

    Attributes:
        product_version: under whose terms; None for the newest.
        assets: that it holds from the start; all of the product's where none are named.
        opening: leave it in `opening` until what is needed of the customer is there; it becomes
            active once somebody holds it.
    """

    product_id: UUID
    product_version: Version | None = None
    assets: Annotated[list[schemas.AssetCode], Meta(max_length=50)] = []
    opening: bool = False


class NewAsset(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/assets`."""

    asset: schemas.AssetCode


class StatusChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/status`."""

    status: AccountStatus
    reason: Reason


class OverdraftLine(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /v1/accounts/{account}/overdraft`: how far below zero it may go, minor units."""

    asset: schemas.AssetCode
    amount: MinorUnits
    reason: Reason


class ProductMove(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/product-version`."""

    product_version: Version


class NewBlock(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/blocks`.

    Attributes:
        asset: what it is about; None for all that the account holds.
        amount: minor units that must remain, for blocks of debits; None stops everything.
    """

    kind: BlockKind
    direction: Direction
    reason: Reason
    asset: schemas.AssetCode | None = None
    amount: Positive | None = None
    expires_at: Instant | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.expires_at, "expires_at")


class AccountBlock(Struct, frozen=True):
    """A block, as it was placed and perhaps lifted."""

    id: UUID
    kind: BlockKind
    direction: Direction
    asset: str | None
    amount: str | None
    reason: str
    placed_at: datetime
    placed_by: str
    expires_at: datetime | None = None
    lifted_at: datetime | None = None
    lifted_by: str | None = None


class AccountBlocks(Struct, frozen=True):
    """All blocks of an account, oldest first."""

    blocks: list[AccountBlock]


class Account(Struct, frozen=True):
    """An account without its number, which is read with a purpose.

    Attributes:
        ledger_accounts: of its assets, in the book.
    """

    id: UUID
    institution_id: UUID
    book_id: UUID
    product_id: UUID
    product_version: int
    status: AccountStatus
    ledger_accounts: dict[str, str]
    opened_at: datetime
    closed_at: datetime | None
    row_version: int


class Accounts(Struct, frozen=True):
    """A page of accounts, oldest first."""

    accounts: list[Account]
    next: str | None


class StatusEntry(Struct, frozen=True):
    """One change of an account's status."""

    before: AccountStatus | None
    after: AccountStatus
    reason: str
    changed_at: datetime
    changed_by: str


class StatusHistory(Struct, frozen=True):
    """How an account's status came about, oldest first."""

    changes: list[StatusEntry]


class Opening(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of reading a number."""

    purpose: Purpose


class AccountNumbers(Sensitive, Struct, frozen=True):
    """An account's number in the forms that its country knows; None for the others."""

    iban: str | None
    bban: str
    bank_code: str
    branch_code: str
    account_code: str
    bic: str


class AccountSearch(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/search`."""

    purpose: Purpose
    iban: Iban


class FoundAccounts(Struct, frozen=True):
    """The account that has the number, or none."""

    accounts: list[Account]


class SubBalances(Struct, frozen=True):
    """What an account has of an asset, minor units.

    Attributes:
        booked: what is posted.
        expected: booked, and what is on its way in.
        blocked: what must remain; all that is available where nothing may leave.
        available: what may be spent now: booked, less what is reserved, and the overdraft line.
            Where something is blocked, only what is above it: no overdraft stands in for a block.
    """

    asset: str
    booked: str
    expected: str
    blocked: str
    available: str
    as_of: datetime


class AccountBalances(Struct, frozen=True):
    """The balances of an account, by asset."""

    balances: list[SubBalances]
