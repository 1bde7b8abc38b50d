"""What a bulk is, and what its payments are reported as. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bezant.kernel.telemetry import Sensitive
from bezant.payments.states import OrderState

ITEMS_MAX: Final = 20_000
CHUNK_ITEMS: Final = 100
"""Payments that one job orders: few enough that its attempt ends soon, whatever else goes on."""

NOT_PROVIDED: Final = "NOTPROVIDED"


class Format(StrEnum):
    """What a file is."""

    PAIN001 = "pain001"
    CSV = "csv"


class ItemOutcome(StrEnum):
    """Whether an item became a payment."""

    WAITING = "waiting"
    ORDERED = "ordered"
    REFUSED = "refused"


class Item(Sensitive, Struct, frozen=True):
    """One payment of a file, as far as it is looked at. Sealed where it is stored.

    Attributes:
        batch: the payer's name of the batch that it is in.
        debtor: the IBAN of who pays.
        amount: minor units, or as it is written where that is no amount of the currency.
        execute_on: the day, if it is not today.
    """

    batch: str
    debtor: str | None
    debtor_name: str | None
    creditor: str | None
    creditor_name: str | None
    end_to_end_id: str
    instruction_id: str | None
    currency: str
    amount: str
    remittance: str | None
    execute_on: str | None


@dataclass(frozen=True, slots=True, repr=False)
class BulkFile(Sensitive):
    """A file that was read: its counts and sums agree.

    Attributes:
        message_id: the initiator's name of it.
        message_name: what kind of message a report on it says that it was.
        items: each with a code if it can be no payment.
        booked_as_one: how many batches ask for one entry of the whole.
    """

    format: Format
    message_id: str
    message_name: str
    initiator: str
    items: tuple[tuple[Item, str | None], ...]
    booked_as_one: int


CODES: Final = {
    "ACCOUNT_BLOCKED": "AC06",
    "ACCOUNT_NOT_ACTIVE": "AC04",
    "COUNTERPARTY_DENIED": "AG01",
    "CREDITOR_IBAN_INVALID": "AC01",
    "DUPLICATE_ITEM": "AM05",
    "DAY_OUT_OF_REACH": "DT01",
    "LIMIT_EXCEEDED": "AM14",
    "MAY_NOT_ACT": "DS24",
    "OVERDRAFT_EXCEEDED": "AM04",
    "PAYMENT_BLOCKED": "RR04",
    "UNKNOWN_CREDITOR_ACCOUNT": "AC03",
    "UNKNOWN_DEBTOR_ACCOUNT": "AC02",
}
"""Refusals that `ExternalStatusReason1Code` has a code for; others are reported by their own."""

_STATUSES: Final = {
    OrderState.AWAITING_APPROVAL: "PDNG",
    OrderState.UNDER_REVIEW: "PDNG",
    OrderState.SCHEDULED: "ACTC",
    OrderState.SETTLED: "ACSC",
    OrderState.PARTIALLY_RETURNED: "ACSC",
    OrderState.RETURNED: "ACSC",
    OrderState.DISPUTED: "ACSC",
    OrderState.REJECTED: "RJCT",
    OrderState.EXPIRED: "RJCT",
    OrderState.CANCELLED: "CANC",
}
ON_ITS_WAY: Final = "ACSP"


def status_of(outcome: ItemOutcome, state: OrderState | None) -> str:
    """The code of `ExternalPaymentTransactionStatus1Code` that an item is reported by."""
    if outcome is ItemOutcome.REFUSED:
        return "RJCT"
    if outcome is ItemOutcome.WAITING or state is None:
        return "PDNG"
    return _STATUSES.get(state, ON_ITS_WAY)


def status_of_all(statuses: Iterable[str]) -> str:
    """The code of a whole file: partial acceptance is `PART`."""
    found = set(statuses)
    if found <= {"RJCT", "CANC"}:
        return "RJCT"
    if found & {"RJCT", "CANC"}:
        return "PART"
    if found == {"ACSC"}:
        return "ACSC"
    return "PDNG" if "PDNG" in found else ON_ITS_WAY
