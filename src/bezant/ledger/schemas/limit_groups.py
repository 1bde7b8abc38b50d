"""Joint limits."""

from datetime import datetime

from msgspec import Struct

from bezant.ledger.schemas.accounts import Limits
from bezant.ledger.schemas.terms import AccountId, AccountType, AssetCode


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
