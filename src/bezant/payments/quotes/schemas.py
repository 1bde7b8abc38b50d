"""Wire models of quotes to customers, and of payments between two assets."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.banking import Channel
from bezant.kernel.telemetry import Sensitive
from bezant.ledger import fx, schemas
from bezant.payments.orders.schemas import Amount, EndToEndId, Remittance
from bezant.payments.states import OrderState


class NewCustomerQuote(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/quotes`: one side's amount is given, the other follows.

    Attributes:
        debtor_account: who is to pay: its book's rates are quoted from.
        spread_bp: how far the rate lies below the mid rate, in basis points.
        expires_in_s: how long it can be paid with.
    """

    debtor_account: UUID
    sell: schemas.AssetCode
    buy: schemas.AssetCode
    sell_amount: Amount | None = None
    buy_amount: Amount | None = None
    spread_bp: Annotated[int, Meta(ge=0, le=9_999)] = 0
    expires_in_s: Annotated[int, Meta(ge=1, le=fx.QUOTE_LASTS_S_MAX)] = 30

    def __post_init__(self) -> None:
        if (self.sell_amount is None) == (self.buy_amount is None):
            raise ValueError("Invalid field `sell_amount`: give this amount or `buy_amount`")


class NewQuotedPayment(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/quoted-payments`: pay what a quote sells, and have what it buys arrive.

    Attributes:
        creditor_account: may be the payer's own: that is an exchange.
        party_id: who orders it, where that is known: it counts as a signature.
        end_to_end_id: the payer's reference, unchanged to the payee.
    """

    quote_id: UUID
    debtor_account: UUID
    creditor_account: UUID
    channel: Channel = Channel.API
    party_id: UUID | None = None
    end_to_end_id: EndToEndId = "NOTPROVIDED"
    remittance: Remittance | None = None


class QuotedPayment(Struct, frozen=True):
    """A payment between two assets.

    Attributes:
        id: the payment's; its transaction in the ledger has the quote's.
        amount: of `asset`, which left the payer.
        bought: of `bought_asset`, which came to the payee.
    """

    id: UUID
    quote_id: UUID
    state: OrderState
    debtor_account: UUID
    creditor_account: UUID
    asset: str
    amount: str
    bought_asset: str
    bought: str
    created_at: datetime
