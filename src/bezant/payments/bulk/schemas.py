"""Wire models of bulk payments."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive
from bezant.payments.bulk.domain import ItemOutcome
from bezant.payments.orders.schemas import RailName
from bezant.payments.states import OrderState


class BulkQuery(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of sending a file.

    Attributes:
        rail: for payees who have no account here; without it only accounts here are paid.
        party_id: who orders it, where that is known: it counts as a signature.
        message_id: the sender's name of a CSV, as a pain.001 has its own.
        initiator: who sends a CSV.
        count: how many payments a CSV should have.
        control_sum: what the amounts of a CSV should come to.
    """

    rail: RailName | None = None
    party_id: UUID | None = None
    message_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9/?:().,'+ -]{1,35}\Z")] | None = None
    initiator: Annotated[str, Meta(pattern=r"^[A-Za-z0-9/?:().,'+ -]{1,140}\Z")] | None = None
    count: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    control_sum: Annotated[str, Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,5})?\Z")] | None = None


class BulkStatus(StrEnum):
    """Whether every payment of a file was ordered or refused."""

    PROCESSING = "processing"
    PROCESSED = "processed"


class Tally(Struct, frozen=True):
    """How many payments of a file stand alike. `state` is of those that became payments."""

    outcome: ItemOutcome
    state: OrderState | None
    count: int


class Bulk(Struct, frozen=True):
    """A bulk payment and how far it has come.

    Attributes:
        count: of its payments.
        booked_as_one: how many of its batches ask for one entry of the whole. Payments are booked
            one by one all the same.
    """

    id: UUID
    format: str
    status: BulkStatus
    count: int
    booked_as_one: int
    tallies: list[Tally]
    created_at: datetime


class BulkItem(Struct, frozen=True):
    """One payment of a file, without what identifies people.

    Attributes:
        payment_id: of the payment, once it is ordered.
        code: why it was refused.
    """

    no: int
    outcome: ItemOutcome
    payment_id: UUID | None
    state: OrderState | None
    code: str | None


class BulkItems(Struct, frozen=True):
    """A page of a file's payments, in its order."""

    items: list[BulkItem]
    next: str | None


class ReportFormat(StrEnum):
    """What a report is written as."""

    JSON = "json"
    PAIN002 = "pain002"


class ReportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of a report: it repeats the payer's references, so it has a purpose."""

    purpose: Purpose
    format: ReportFormat = ReportFormat.JSON


class ReportedItem(Sensitive, Struct, frozen=True):
    """One payment in a report.

    Attributes:
        status: a code of `ExternalPaymentTransactionStatus1Code`.
        reason: a code of `ExternalStatusReason1Code`, or a longer one of the platform's.
    """

    batch: str
    instruction_id: str | None
    end_to_end_id: str
    status: str
    reason: str | None


class Report(Sensitive, Struct, frozen=True):
    """What became of every payment of a file, by its sender's references."""

    message_id: str
    status: str
    count: int
    items: list[ReportedItem]
