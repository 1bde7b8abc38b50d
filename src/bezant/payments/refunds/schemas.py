"""Wire models of refunds and disputes. Amounts are strings of minor units."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.payments.orders.schemas import Amount

ReasonCode = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,63}\Z")]


class NewRefund(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/refunds`.

    Attributes:
        amount: None for all that was captured and not refunded.
    """

    reason: ReasonCode
    amount: Amount | None = None


class Refund(Struct, frozen=True):
    """What was paid back.

    Attributes:
        id: of the ledger's transaction too.
    """

    id: UUID
    payment_id: UUID
    amount: str
    reason: str
    refunded_at: datetime


class Refunds(Struct, frozen=True):
    """A page of a payment's refunds, newest last."""

    refunds: list[Refund]
    next: str | None


class NewDispute(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/dispute`."""

    reason: ReasonCode


class DisputeOutcome(StrEnum):
    """Whose the money is: `won` leaves it with the payee, `lost` pays it back to the payer."""

    WON = "won"
    LOST = "lost"


class DisputeResolution(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/dispute/resolve`."""

    outcome: DisputeOutcome
    reason: ReasonCode
