"""Wire models of authorisations and captures. Amounts are strings of minor units."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from bezant.banking import Channel
from bezant.kernel.telemetry import Sensitive
from bezant.ledger import schemas
from bezant.payments.fees.domain import BASIS_POINTS
from bezant.payments.fees.schemas import NewShare, ShareOfCapture
from bezant.payments.orders.schemas import Amount, EndToEndId, Remittance
from bezant.payments.states import OrderState

SHARES_MAX: Final = 20
LASTS_S_MAX: Final = 90 * 86_400


class NewAuthorization(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/authorizations`.

    Attributes:
        debtor_account: whose money is reserved.
        creditor_account: who may capture it.
        expires_in_s: how long; what remains then is the payer's again.
        party_id: who orders it, where that is known: it counts as a signature.
        end_to_end_id: the payer's reference, unchanged to the payee.
    """

    debtor_account: UUID
    creditor_account: UUID
    asset: schemas.AssetCode
    amount: Amount
    expires_in_s: Annotated[int, Meta(ge=1, le=LASTS_S_MAX)] = 7 * 86_400
    channel: Channel = Channel.API
    party_id: UUID | None = None
    end_to_end_id: EndToEndId = "NOTPROVIDED"
    remittance: Remittance | None = None


class Authorization(Struct, frozen=True):
    """A payment with what was taken of it, and given back.

    Attributes:
        id: the payment's.
        amount: what was authorised in all, increments included.
        remaining: what can still be captured.
        expires_at: from when on nothing more is captured; None for a payment without authorisation.
    """

    id: UUID
    state: OrderState
    debtor_account: UUID
    creditor_account: UUID
    asset: str
    amount: str
    captured: str
    remaining: str
    refunded: str
    expires_at: datetime | None
    created_at: datetime


class NewCapture(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/captures`.

    Attributes:
        amount: None for all that remains.
        final: whether what this capture leaves is given back.
        fee_schedule_id: how the fee on it is reckoned; None for no fee.
        shares: what other accounts get of it, each once.
    """

    amount: Amount | None = None
    final: bool = False
    fee_schedule_id: UUID | None = None
    shares: Annotated[list[NewShare], Meta(max_length=SHARES_MAX)] = []

    def __post_init__(self) -> None:
        if len({share.account_id for share in self.shares}) < len(self.shares):
            raise ValueError("Invalid field `shares`: an account gets one share")
        if sum(share.parts or 0 for share in self.shares) > BASIS_POINTS:
            raise ValueError(f"Invalid field `shares`: more than {BASIS_POINTS} parts")


class Capture(Struct, frozen=True):
    """A capture, divided: `amount` is `net`, `fee`, `vat` and the shares, always.

    Attributes:
        id: of the ledger's transaction too.
        net: what the payee keeps.
    """

    id: UUID
    payment_id: UUID
    amount: str
    fee: str
    vat: str
    shares: list[ShareOfCapture]
    net: str
    fee_schedule_id: UUID | None
    captured_at: datetime


class Captures(Struct, frozen=True):
    """A page of a payment's captures, newest last."""

    captures: list[Capture]
    next: str | None


class Increment(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/increment`: how much more is reserved."""

    amount: Amount
