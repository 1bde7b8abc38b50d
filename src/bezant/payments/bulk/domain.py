"""What a bulk is, and what its payments are reported as. No I/O."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.telemetry import Sensitive
from bezant.payments.states import OrderState
from bezant.payments.vop import Verdict

ITEMS_MAX: Final = 20_000
CHUNK_ITEMS: Final = 100
"""Payments that one job orders: few enough that its attempt ends soon, whatever else goes on."""

NOT_PROVIDED: Final = "NOTPROVIDED"


class Format(StrEnum):
    """What a file is."""

    PAIN001 = "pain001"
    CSV = "csv"


class Payees(StrEnum):
    """What the payer of a file wants of its payees' verification."""

    VERIFY = "verify"
    OPT_OUT = "opt_out"


class Decision(StrEnum):
    """What became of a file that waited for its payer."""

    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


CONFIRM_WITHIN: Final = timedelta(days=3)
"""How long a file waits for its payer, who may have to look into what was found: a weekend."""

ORDER_WITHIN: Final = timedelta(days=4)
"""How long after it was taken its payments can be ordered on what was found."""


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
        booked_with: the number in the file of the batch that it is one entry with, if it is.
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
    booked_with: int | None = None


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


DUPLICATE: Final = "DUPLICATE_ITEM"
WITHDRAWN: Final = "BULK_WITHDRAWN"
LAPSED: Final = "BULK_LAPSED"
"""The codes of payments whose name was taken, which their payer took out or did not decide on."""

OF_FILES: Final = frozenset({DUPLICATE, WITHDRAWN, LAPSED})

CODES: Final = {
    "ACCOUNT_BLOCKED": "AC06",
    "ACCOUNT_NOT_ACTIVE": "AC04",
    LAPSED: "DS02",
    WITHDRAWN: "DS02",
    "COUNTERPARTY_DENIED": "AG01",
    "CREDITOR_IBAN_INVALID": "AC01",
    DUPLICATE: "AM05",
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

_FOUND: Final = {
    Verdict.MATCH: "RCVC",
    Verdict.CLOSE_MATCH: "RVMC",
    Verdict.NO_MATCH: "RVNM",
    Verdict.NOT_POSSIBLE: "RVNA",
}
NOT_YET_FOUND: Final = "RVNC"
_OF_PAYEES: Final = frozenset({NOT_YET_FOUND, *_FOUND.values()})


def status_of(outcome: ItemOutcome, state: OrderState | None) -> str:
    """The code of `ExternalPaymentTransactionStatus1Code` that an item is reported by."""
    if outcome is ItemOutcome.REFUSED:
        return "RJCT"
    if outcome is ItemOutcome.WAITING or state is None:
        return "PDNG"
    return _STATUSES.get(state, ON_ITS_WAY)


def found_status(verdict: Verdict | None) -> str:
    """The code that a payment is reported by until its payer decides; None is not answered yet."""
    return NOT_YET_FOUND if verdict is None else _FOUND[verdict]


def outcome_digest(bulk_id: UUID, found: Iterable[tuple[int, UUID, str]]) -> bytes:
    """What a payer confirms: which payments of a file, and what was found of their payees.

    A verification does not change, nor does what its payment says: who names both by number,
    identifier and verdict has said all of it.

    Args:
        bulk_id: of the file.
        found: number, identifier and verdict of each payment that waits, in the file's order.
    """
    told = [[no, str(key), verdict] for no, key, verdict in found]
    return hashlib.sha256(msgspec.json.encode([str(bulk_id), told])).digest()


def _status_of_payees(found: set[str]) -> str:
    """The code of a file that waits for its payer: complete, and whether all of it matches."""
    if NOT_YET_FOUND in found:
        return NOT_YET_FOUND
    return "RCVC" if found & _OF_PAYEES == {_FOUND[Verdict.MATCH]} else "RVCM"


def status_of_all(statuses: Iterable[str]) -> str:
    """The code of a whole file: partial acceptance is `PART`."""
    found = set(statuses)
    if found & _OF_PAYEES:
        return _status_of_payees(found)
    if found <= {"RJCT", "CANC"}:
        return "RJCT"
    if found & {"RJCT", "CANC"}:
        return "PART"
    if found == {"ACSC"}:
        return "ACSC"
    return "PDNG" if "PDNG" in found else ON_ITS_WAY
