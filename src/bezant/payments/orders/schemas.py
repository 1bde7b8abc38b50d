"""Wire models of payments."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.banking import Channel, OrderApproval
from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive
from bezant.ledger import schemas
from bezant.payments.orders.domain import Direction
from bezant.payments.states import OrderState

Amount = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,37}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=140)]
Iban = Annotated[str, Meta(min_length=5, max_length=42)]
RailName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,31}\Z")]
EndToEndId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9/?:().,'+ -]{1,35}\Z")]
Remittance = Annotated[str, Meta(min_length=1, max_length=140)]


class Creditor(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """Who is paid: an account of this platform, or an IBAN anywhere.

    Attributes:
        name: needed with an IBAN.
    """

    account_id: UUID | None = None
    iban: Iban | None = None
    name: Name | None = None

    def __post_init__(self) -> None:
        if (self.account_id is None) == (self.iban is None):
            raise ValueError("Exactly one of `account_id` and `iban` is needed")
        if self.iban is not None and self.name is None:
            raise ValueError("A name is needed with an IBAN")


class NewPayment(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments`.

    Attributes:
        debtor_account: who pays.
        debtor_name: how the creditor's bank is told who pays; needed on rails.
        rail: by which way; None for `book`, between accounts of this platform.
        party_id: who orders it, where that is known: it counts as a signature. A person signs as
            the party that they are; a server's key vouches for the party.
        end_to_end_id: the payer's reference, unchanged to the payee.
        execute_on: the day on which it is carried out, in the book's time zone; None for at once.
            Limits and the balance are judged on that day, until its end if money is missing.
        verification_id: of the payee, as it was shown to the payer; people need one on rails of
            SEPA.
        confirmed: whether the payer wants it although the payee's name does not match.
    """

    debtor_account: UUID
    creditor: Creditor
    asset: schemas.AssetCode
    amount: Amount
    debtor_name: Name | None = None
    rail: RailName | None = None
    channel: Channel = Channel.API
    party_id: UUID | None = None
    end_to_end_id: EndToEndId = "NOTPROVIDED"
    remittance: Remittance | None = None
    execute_on: date | None = None
    verification_id: UUID | None = None
    confirmed: bool = False


class Signature(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/approve` and `…/withdraw`: who signs."""

    party_id: UUID


class Cancellation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/cancel`."""

    reason: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,63}\Z")]


class Rejection(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/reject`."""

    reason: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,63}\Z")]


class Payment(Struct, frozen=True):
    """A payment without what identifies people, which is read with a purpose.

    Attributes:
        state: see `bezant.payments.states`.
        debtor_account: None where the money comes in.
        creditor_account: None where the money goes out.
        reason: why it ended as it did, or waits: a code of the platform's or of the scheme's.
        execute_on: the day on which it is carried out; None where that was at once.
    """

    id: UUID
    direction: str
    rail: str
    state: OrderState
    debtor_account: UUID | None
    creditor_account: UUID | None
    asset: str
    amount: str
    created_at: datetime
    reason: str | None = None
    execute_on: date | None = None


class Payments(Struct, frozen=True):
    """A page of payments, newest last."""

    payments: list[Payment]
    next: str | None


class Transition(Struct, frozen=True):
    """One step of a payment."""

    seq: int
    before: OrderState | None
    after: OrderState
    at: datetime
    actor: str
    reason: str | None = None


class Transitions(Struct, frozen=True):
    """How a payment came to its state, oldest first."""

    transitions: list[Transition]


class Approvals(Struct, frozen=True):
    """The signatures under a payment, withdrawn ones too."""

    approvals: list[OrderApproval]


class Reading(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of reading what a payment says."""

    purpose: Purpose


class OfAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of a list of payments."""

    debtor_account: UUID | None = None
    direction: Direction | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class PaymentContent(Sensitive, Struct, frozen=True):
    """What a payment says of the two sides: sealed where it is stored."""

    debtor_name: str | None
    creditor_name: str | None
    creditor_iban: str | None
    end_to_end_id: str
    remittance: str | None
    debtor_iban: str | None = None


CONTENT = msgspec.json.Decoder(PaymentContent)
