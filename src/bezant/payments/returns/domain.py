"""Returns and recalls: who gets money that comes back, and until when it may be asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.kernel.ids import derived_id
from bezant.payments.calendars.months import months_after
from bezant.payments.calendars.target import add_business_days
from bezant.payments.executing.doubt import receivable_account
from bezant.payments.rails import Recall, Return

NO_SUCH_PAYMENT: Final = "NOOR"
NOT_TAKEN: Final = "ARDT"
TOO_MUCH: Final = "AM09"
WRONG_CURRENCY: Final = "AM03"
DUPLICATE: Final = "AM05"

_ANSWER_DAYS: Final = 15
"""Business days in which a recall is answered (SCT and SCT Inst rulebooks, section 4.4)."""

_ERROR_DAYS: Final = 10
_OTHER_MONTHS: Final = 13


class Reason(StrEnum):
    """Why we ask for money back: the bank recalls it, or its customer requests the recall."""

    DUPLICATE = "DUPL"
    TECHNICAL = "TECH"
    FRAUD = "FRAD"
    WRONG_ACCOUNT = "AC03"
    WRONG_AMOUNT = "AM09"
    CUSTOMER = "CUST"


class RecallDirection(StrEnum):
    """Who asks."""

    SENT = "sent"
    RECEIVED = "received"


class RecallState(StrEnum):
    """Where a recall stands.

    `open`: it waits for an answer, ours or the other bank's.
    `returning`: we give the money back; it has left the account and is on its way.
    """

    OPEN = "open"
    RETURNING = "returning"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Case:
    """A recall as the commit that looks at it finds it.

    Attributes:
        case_id: the asking bank's name of it.
        original: what the scheme names the payment.
        code: why the money is asked for.
        refusal: why it is not given.
        due_on: by when it is to be answered.
    """

    id: UUID
    order_id: UUID
    direction: RecallDirection
    case_id: str
    original: str
    counterparty_bic: str | None
    code: str
    state: RecallState
    refusal: str | None
    due_on: date
    created_at: datetime
    created_by: str
    answered_at: datetime | None = None
    answered_by: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Case":
        """A recall from its row, or as an item of the same batch has made it."""
        if "standing" in row:
            standing: Case = row["standing"]
            return standing
        return cls(
            row["recall_id"],
            row["order_id"],
            RecallDirection(row["direction"]),
            row["case_id"],
            row["original"],
            row["counterparty_bic"],
            row["code"],
            RecallState(row["state"]),
            row["refusal"],
            row["due_on"],
            row["created_at"],
            row["created_by"],
            row["answered_at"],
            row["answered_by"],
        )


def answer_due(at: datetime) -> date:
    """By when a recall of an instant is to be answered."""
    return add_business_days(at.date(), _ANSWER_DAYS)


def is_in_time(reason: Reason, paid_at: datetime, at: datetime) -> bool:
    """Whether a payment may still be asked back: errors for ten business days, else 13 months."""
    if reason in {Reason.DUPLICATE, Reason.TECHNICAL}:
        return at.date() <= add_business_days(paid_at.date(), _ERROR_DAYS)
    return at.date() <= months_after(paid_at.date(), _OTHER_MONTHS)


def return_id(order_id: UUID, returned: Return) -> UUID:
    """What a return is known by: banks name theirs each by itself, and an order went to one."""
    named = [str(order_id), returned.rail, returned.return_id]
    return derived_id(b"return" + returned.tenant_id.bytes + msgspec.json.encode(named))


def recall_id(order_id: UUID, recall: Recall) -> UUID:
    """What a recall by another bank is known by; as with returns, the order tells the bank."""
    named = [str(order_id), recall.rail, recall.case_id]
    return derived_id(b"recall" + recall.tenant_id.bytes + msgspec.json.encode(named))


def given_back(recall: UUID, answered_at: datetime) -> UUID:
    """The transaction that reserves what is given back, and the answer's identifier.

    Of each answer another: a scheme may refuse a return, and the recall is answered anew.
    """
    return derived_id(b"given back" + recall.bytes + answered_at.isoformat().encode())


def told_as(case: Case) -> tuple[UUID, datetime]:
    """The identifier and the instant of what the other bank is told, once or again."""
    if case.direction is RecallDirection.SENT:
        return case.id, case.created_at
    assert case.answered_at is not None, "what has no answer is not told"
    return given_back(case.id, case.answered_at), case.answered_at


def refunded_account(order_id: UUID) -> str:
    """The ledger's account of what the institution paid for an unauthorised payment."""
    return f"unauthorised:{order_id}"


def before_payer(order_id: UUID) -> tuple[str, str]:
    """Who bore a payment in the payer's place, and gets first what comes back of it."""
    return receivable_account(order_id), refunded_account(order_id)
