"""Wire models of settlement batches. Amounts are strings of minor units."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from bezant.kernel.instants import Instant, require_within_calendar
from bezant.ledger import schemas


class NewSettlementBatch(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/settlement-batches`.

    Attributes:
        until: what came and went before this instant, and is in no batch yet; without, all of it.
        payout_account: where the net goes, if it is above zero; without, it stays where it is.
        party_id: who orders the payout, where that is known: it counts as a signature.
    """

    asset: schemas.AssetCode
    until: Instant | None = None
    payout_account: UUID | None = None
    party_id: UUID | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.until, "until")


class SettlementBatch(Struct, frozen=True):
    """What came and went for an account; `gross - refunded = net + fee + vat + shared`, always.

    Attributes:
        id: of the payout's transaction too.
        no: counts the batches of the account in the asset, without gaps.
        items: how many captures and refunds.
        net: what is left to the account; below zero if more was refunded than captured.
        paid_out: to the payout account.
    """

    id: UUID
    account_id: UUID
    asset: str
    no: int
    items: int
    gross: str
    refunded: str
    fee: str
    vat: str
    shared: str
    net: str
    payout_account: UUID | None
    paid_out: str
    until: datetime
    created_at: datetime


class SettlementBatches(Struct, frozen=True):
    """A page of an account's settlement batches, newest last."""

    settlement_batches: list[SettlementBatch]
    next: str | None


class SettlementItem(Struct, frozen=True):
    """A capture or a refund.

    Attributes:
        id: the capture's, or the refund's; and its transaction's.
        seq: its place in the book's feed.
    """

    id: UUID
    payment_id: UUID
    kind: str
    seq: int
    gross: str
    refunded: str
    fee: str
    vat: str
    shared: str
    net: str
    at: datetime


class SettlementItems(Struct, frozen=True):
    """A page of the statement of a batch, in the ledger's order."""

    items: list[SettlementItem]
    next: str | None
