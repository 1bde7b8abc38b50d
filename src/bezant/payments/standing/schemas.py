"""Wire models of standing orders."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.kernel.telemetry import Sensitive
from bezant.ledger import schemas
from bezant.payments.orders.schemas import (
    Amount,
    Creditor,
    EndToEndId,
    Name,
    NewPayment,
    RailName,
    Remittance,
)
from bezant.payments.standing.rules import Rule


class Status(StrEnum):
    """Where a standing order stands. `completed`: it has paid for the last time."""

    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class NewStandingOrder(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/standing-orders`. The members are those of a payment, and the rule.

    Attributes:
        rule: the days; each in the time zone of the account's book.
        verification_id: of the payee, asked for once, before the standing order is made.
        confirmed: that the payer wants it although the name does not match.
    """

    debtor_account: UUID
    creditor: Creditor
    asset: schemas.AssetCode
    amount: Amount
    rule: Rule
    debtor_name: Name | None = None
    rail: RailName | None = None
    party_id: UUID | None = None
    end_to_end_id: EndToEndId = "NOTPROVIDED"
    remittance: Remittance | None = None
    verification_id: UUID | None = None
    confirmed: bool = False

    def payment(self, amount: str, day: date) -> NewPayment:
        """The payment of a day."""
        return NewPayment(
            debtor_account=self.debtor_account,
            creditor=self.creditor,
            asset=self.asset,
            amount=amount,
            debtor_name=self.debtor_name,
            rail=self.rail,
            party_id=self.party_id,
            end_to_end_id=self.end_to_end_id,
            remittance=self.remittance,
            execute_on=day,
            verification_id=self.verification_id,
            confirmed=self.confirmed,
        )


class Amendment(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/standing-orders/{order}/amend`: what is given holds from the next payment on.

    Attributes:
        last: the last day on which it may pay.
    """

    amount: Amount | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.amount is None and self.last is None:
            raise ValueError("One of `amount` and `last` is needed")


class StandingOrder(Struct, frozen=True):
    """A standing order without what identifies people.

    Attributes:
        upcoming: the next days on which it pays.
        made: how many payments it has made.
        failed: how many days had none, since it was refused.
    """

    id: UUID
    status: Status
    debtor_account: UUID
    asset: str
    amount: str
    rule: Rule
    upcoming: list[date]
    made: int
    failed: int
    created_at: datetime


class StandingOrders(Struct, frozen=True):
    """A page of standing orders, newest last."""

    standing_orders: list[StandingOrder]
    next: str | None


class Occurrence(Struct, frozen=True):
    """What became of a day.

    Attributes:
        payment_id: the payment that was made, whose state says what became of that.
        code: why none was made.
    """

    no: int
    day: date
    payment_id: UUID | None
    code: str | None
    recorded_at: datetime


class Occurrences(Struct, frozen=True):
    """A page of a standing order's days, oldest first."""

    occurrences: list[Occurrence]
    next: str | None


class OfDebtor(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of a list of standing orders."""

    debtor_account: UUID
    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


CONTENT = msgspec.json.Decoder(NewStandingOrder)
