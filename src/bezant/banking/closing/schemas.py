"""Wire models of closings."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.banking.accounts import Account
from bezant.banking.accounts.schemas import Reason
from bezant.banking.terms.signing import SIGNERS_MAX


class Closing(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/close`.

    Attributes:
        payout_to: the account of the same book that gets what is left; None where nothing is.
        signed_by: who signs the payout, where that is known: one to an account of other holders is
            judged as a payment, the first who signs ordering it. A person signs as the party that
            they are; a server's key vouches for the parties.
    """

    reason: Reason
    payout_to: UUID | None = None
    signed_by: Annotated[list[UUID], Meta(max_length=SIGNERS_MAX)] = []


class ClosedAccount(Struct, frozen=True):
    """An account that was closed.

    Attributes:
        interest: that was booked at last, by asset, minor units; below zero what was paid for it.
        paid_out: by asset, minor units.
    """

    account: Account
    interest: dict[str, str]
    paid_out: dict[str, str]
