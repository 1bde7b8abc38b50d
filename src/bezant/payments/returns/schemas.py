"""Wire models of recalls and of claims."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.payments.returns.domain import Reason, RecallDirection, RecallState


class NewRecall(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/recall`: ask the payee's bank for the money."""

    reason: Reason


class Verdict(StrEnum):
    """What we answer to a recall."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class RecallAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/recalls/{recall}/answer`.

    Attributes:
        code: why it is refused, of the scheme's list, such as `CUST`, `LEGL` or `AC04`.
    """

    answer: Verdict
    code: Annotated[str, Meta(pattern=r"^[A-Z0-9]{4}\Z")] | None = None

    def __post_init__(self) -> None:
        if (self.answer is Verdict.REFUSE) != (self.code is not None):
            raise ValueError("A refusal has a `code`, and only a refusal")


class RecallCase(Struct, frozen=True):
    """A recall.

    Attributes:
        code: why the money is asked for.
        due_on: by when it is to be answered.
        refusal: why the money is not given.
    """

    id: UUID
    payment_id: UUID
    direction: RecallDirection
    code: str
    state: RecallState
    due_on: date
    created_at: datetime
    answered_at: datetime | None
    refusal: str | None


class Recalls(Struct, frozen=True):
    """A page of recalls."""

    recalls: list[RecallCase]
    next: str | None


class RecallsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of a list of recalls."""

    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class Refund(StrEnum):
    """When an unauthorised payment is refunded."""

    NOW = "now"
    WHEN_DUE = "when_due"


class NewClaim(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/unauthorised`: the payer did not authorise it."""

    refund: Refund = Refund.NOW


class Claim(Struct, frozen=True):
    """A claim. What is not refunded by hand is refunded by itself as `due_on` begins.

    Attributes:
        amount: what had not come back by then; minor units.
        due_on: the next business day.
    """

    payment_id: UUID
    asset: str
    amount: str
    due_on: date
    created_at: datetime
    refunded_at: datetime | None
