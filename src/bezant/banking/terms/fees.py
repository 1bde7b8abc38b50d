"""Fees as they are agreed on: for a time, and for what a customer does."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from bezant.banking.terms.interest import MinorUnits, Period
from bezant.ledger import schemas

FEES_MAX: Final = 50

FeeCode = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
VatRate = Annotated[
    str,
    Meta(pattern=r"^(0|[1-9][0-9]?)(\.[0-9]{1,4})?\Z", description="Percent, such as `19`."),
]


class FeeEvent(StrEnum):
    """What a customer does that may cost."""

    PAYMENT_OUT = "payment.out"
    PAYMENT_IN = "payment.in"
    PAYMENT_CAPTURE = "payment.capture"
    PAYMENT_EXCHANGE = "payment.exchange"
    DIRECT_DEBIT_COLLECTED = "direct_debit.collected"
    DIRECT_DEBIT_RETURNED = "direct_debit.returned"
    CASH_OUT = "cash.out"
    CARD_ISSUED = "card.issued"
    STATEMENT = "statement"


_COMES_BACK: Final = frozenset({FeeEvent.PAYMENT_OUT, FeeEvent.DIRECT_DEBIT_COLLECTED})


class Fee(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What something costs.

    Attributes:
        code: names it within its product.
        gross: what the customer pays, VAT included; minor units.
        every: due on the last day of each such time; None for fees per event.
        event: what it is for; None for periodic fees.
        vat: what part of it is VAT, as percent of the net amount.
        waived_from: from this balance on it costs nothing; minor units.
        given_back: whether it goes back with a payment or a collection that comes back whole.
    """

    code: FeeCode
    asset: schemas.AssetCode
    gross: schemas.Amount
    every: Period | None = None
    event: FeeEvent | None = None
    vat: VatRate = "0"
    waived_from: MinorUnits | None = None
    given_back: bool = False

    def __post_init__(self) -> None:
        """Refuse a fee that is for nothing, or for two things."""
        if (self.every is None) == (self.event is None):
            raise ValueError("A fee is for a time or for an event.")
        if self.given_back and self.event not in _COMES_BACK:
            raise ValueError("Only what comes back can have its fee given back.")


Fees = Annotated[list[Fee], Meta(max_length=FEES_MAX)]
