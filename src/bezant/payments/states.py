"""The states of a payment order, shared by all rails, and which may follow which.

The database holds the same table, and a foreign key to it: code that forgets a rule cannot write
what the rule forbids.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class OrderState(StrEnum):
    """Where an order stands.

    `unknown`: it was sent, and whether it was carried out is not known. It is not a failure: the
    reservation stays until an answer, or four eyes, end it.
    `under_review`: a check wants somebody to look at it. Nothing is reserved until they release it.
    `in_doubt`: an instant payment without an answer in time. The payer has the money back; what the
    scheme may still take is our exposure.
    """

    RECEIVED = "received"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    UNDER_REVIEW = "under_review"
    RESERVED = "reserved"
    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    IN_DOUBT = "in_doubt"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    SETTLED = "settled"
    PARTIALLY_RETURNED = "partially_returned"
    RETURNED = "returned"
    DISPUTED = "disputed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    VOIDED = "voided"


S: Final = OrderState

LEGAL: Final[Mapping[OrderState | None, frozenset[OrderState]]] = {
    None: frozenset({S.RECEIVED}),
    S.RECEIVED: frozenset(
        {
            S.AWAITING_APPROVAL,
            S.SCHEDULED,
            S.UNDER_REVIEW,
            S.RESERVED,
            # What comes in and is taken, and not settled yet.
            S.PENDING,
            S.AUTHORIZED,
            S.SETTLED,
            S.REJECTED,
            S.CANCELLED,
        }
    ),
    S.AWAITING_APPROVAL: frozenset(
        {
            S.SCHEDULED,
            S.UNDER_REVIEW,
            S.RESERVED,
            S.SETTLED,
            S.REJECTED,
            S.CANCELLED,
            S.EXPIRED,
        }
    ),
    S.SCHEDULED: frozenset({S.UNDER_REVIEW, S.RESERVED, S.SETTLED, S.REJECTED, S.CANCELLED}),
    S.UNDER_REVIEW: frozenset({S.RESERVED, S.SETTLED, S.REJECTED, S.CANCELLED}),
    S.RESERVED: frozenset({S.SENDING, S.REJECTED, S.CANCELLED, S.EXPIRED}),
    # Back to `reserved` only where it is proven that nothing was carried out.
    S.SENDING: frozenset(
        {S.RESERVED, S.PENDING, S.UNKNOWN, S.IN_DOUBT, S.AUTHORIZED, S.SETTLED, S.REJECTED}
    ),
    S.PENDING: frozenset({S.UNKNOWN, S.IN_DOUBT, S.AUTHORIZED, S.SETTLED, S.REJECTED}),
    S.UNKNOWN: frozenset({S.RESERVED, S.PENDING, S.IN_DOUBT, S.AUTHORIZED, S.SETTLED, S.REJECTED}),
    S.IN_DOUBT: frozenset({S.SETTLED, S.REJECTED}),
    S.AUTHORIZED: frozenset({S.PARTIALLY_CAPTURED, S.CAPTURED, S.VOIDED, S.EXPIRED}),
    S.PARTIALLY_CAPTURED: frozenset({S.PARTIALLY_CAPTURED, S.CAPTURED, S.VOIDED, S.EXPIRED}),
    S.CAPTURED: frozenset({S.SETTLED, S.PARTIALLY_RETURNED, S.RETURNED, S.DISPUTED}),
    S.SETTLED: frozenset({S.PARTIALLY_RETURNED, S.RETURNED, S.DISPUTED}),
    S.PARTIALLY_RETURNED: frozenset({S.PARTIALLY_RETURNED, S.RETURNED, S.DISPUTED}),
    S.DISPUTED: frozenset({S.SETTLED, S.CAPTURED, S.PARTIALLY_RETURNED, S.RETURNED}),
    S.RETURNED: frozenset(),
    S.REJECTED: frozenset(),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset(),
    S.VOIDED: frozenset(),
}
"""What may follow; None stands before the first state."""

FINAL: Final = frozenset(state for state, after in LEGAL.items() if state and not after)
"""States that nothing follows."""


def is_legal(before: OrderState | None, after: OrderState) -> bool:
    """Whether an order may go from one state to the other."""
    return after in LEGAL[before]
