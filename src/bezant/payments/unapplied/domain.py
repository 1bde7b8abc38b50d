"""Money that waits: where it came from, and on which account of the ledger it is. No I/O."""

from enum import StrEnum
from uuid import UUID


class Origin(StrEnum):
    """What the money is of, and by what it is known.

    `payment_return`: it came back of a payment of ours, whose payer's account takes nothing.
    `unmatched_return`: it came back, and fits no payment of ours.
    `credit`: another bank sent it, and a check wants somebody to look at it.
    `direct_debit`: it was collected, or came back, and the account that it is for takes nothing.
    """

    PAYMENT_RETURN = "payment_return"
    DIRECT_DEBIT = "direct_debit"
    UNMATCHED_RETURN = "unmatched_return"
    CREDIT = "credit"


class MovementKind(StrEnum):
    """How it left."""

    APPLIED = "applied"
    SENT_BACK = "sent_back"


def unapplied_account(origin_id: UUID) -> str:
    """The ledger's account of what waits of a payment, a collection or a return."""
    return f"unapplied:{origin_id}"
