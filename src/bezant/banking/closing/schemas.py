"""Wire models of closings."""

from uuid import UUID

from msgspec import Struct

from bezant.banking.accounts import Account
from bezant.banking.accounts.schemas import Reason


class Closing(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/close`.

    Attributes:
        payout_to: the account of the same book that gets what is left; None where nothing is.
    """

    reason: Reason
    payout_to: UUID | None = None


class ClosedAccount(Struct, frozen=True):
    """An account that was closed.

    Attributes:
        interest: that was booked at last, by asset, minor units; below zero what was paid for it.
        paid_out: by asset, minor units.
    """

    account: Account
    interest: dict[str, str]
    paid_out: dict[str, str]
