"""Wire models of bulk payments."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive
from bezant.payments.bulk.domain import ITEMS_MAX, Decision, ItemOutcome, Payees
from bezant.payments.orders.schemas import RailName
from bezant.payments.states import OrderState
from bezant.payments.vop import Verdict


class BulkQuery(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of sending a file.

    Attributes:
        rail: for payees who have no account here; without it only accounts here are paid.
        party_id: who orders it, where that is known: it counts as a signature.
        message_id: the sender's name of a CSV, as a pain.001 has its own.
        initiator: who sends a CSV.
        count: how many payments a CSV should have.
        control_sum: what the amounts of a CSV should come to.
        payees: whether payees are verified before the file is carried out, or its payer does
            without, which is recorded; needed with rails of SEPA. People never do without.
    """

    rail: RailName | None = None
    party_id: UUID | None = None
    message_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9/?:().,'+ -]{1,35}\Z")] | None = None
    initiator: Annotated[str, Meta(pattern=r"^[A-Za-z0-9/?:().,'+ -]{1,140}\Z")] | None = None
    count: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    control_sum: Annotated[str, Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,5})?\Z")] | None = None
    payees: Payees | None = None


class BulkStatus(StrEnum):
    """How far a file has come: `processed` once every payment was ordered or refused."""

    VERIFYING = "verifying"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
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
        booked_as_one: how many of its batches ask for one entry of the whole in statements.
        payees: whether payees are verified, or its payer does without; None where nobody asked.
        confirm_by: until when it waits for its payer, whose payees are verified.
        decision: what the payer decided, or that it lapsed.
    """

    id: UUID
    format: str
    status: BulkStatus
    count: int
    booked_as_one: int
    tallies: list[Tally]
    created_at: datetime
    payees: Payees | None = None
    confirm_by: datetime | None = None
    decision: Decision | None = None


class VerdictTally(Struct, frozen=True):
    """Of how many payees the same was found; `verdict` is None while there is no answer."""

    verdict: Verdict | None
    count: int


class BulkVerification(Struct, frozen=True):
    """What was found of the payees of a file's payments that wait, and what was decided.

    Attributes:
        digest: of what was found, once every payee has an answer: a confirmation repeats it. None
            before, and where nothing waits.
        withdrawn: payments that the payer took out.
    """

    status: BulkStatus
    payees: Payees | None
    confirm_by: datetime | None
    tallies: list[VerdictTally]
    digest: str | None
    decision: Decision | None
    withdrawn: int
    decided_at: datetime | None


class BulkConfirmation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/bulk-payments/{bulk}/confirm`.

    Attributes:
        digest: of what was found and shown to the payer.
        withdraw: payees of which this was found are not paid.
        withdraw_items: nor are these payments, by their number.
    """

    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    withdraw: list[Verdict] = []
    withdraw_items: Annotated[list[Annotated[int, Meta(ge=1)]], Meta(max_length=ITEMS_MAX)] = []


class BulkWithdrawal(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/bulk-payments/{bulk}/withdraw`."""


class BulkDecided(Struct, frozen=True):
    """What was decided on a file.

    Attributes:
        confirmed: payments that are carried out.
        withdrawn: those that are not.
    """

    id: UUID
    decision: Decision
    confirmed: int
    withdrawn: int


class BulkItem(Struct, frozen=True):
    """One payment of a file, without what identifies people.

    Attributes:
        payment_id: of the payment, once it is ordered.
        code: why it was refused.
        verification_id: of its payee, once there is an answer.
        verdict: that answer.
    """

    no: int
    outcome: ItemOutcome
    payment_id: UUID | None
    state: OrderState | None
    code: str | None
    verification_id: UUID | None = None
    verdict: Verdict | None = None


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
        matched_name: the payee's as their bank has it, where it matches closely and the payer has
            to decide.
    """

    batch: str
    instruction_id: str | None
    end_to_end_id: str
    status: str
    reason: str | None
    matched_name: str | None = None


class Report(Sensitive, Struct, frozen=True):
    """What became of every payment of a file, by its sender's references."""

    message_id: str
    status: str
    count: int
    items: list[ReportedItem]
