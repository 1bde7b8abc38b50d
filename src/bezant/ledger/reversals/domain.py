"""What can still be taken back of a recorded transaction: pure, in memory, in minor units."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from bezant.ledger.domain import Kind
from bezant.ledger.errors import (
    NothingToReverse,
    NotReversible,
    ReversalTooEarly,
    ReversalTooLarge,
    UnknownTransfer,
)

MOVING: Final = frozenset({Kind.POSTED, Kind.CAPTURED})
"""The legs that move money. The others reserve it or give it back: a hold is voided instead."""


class ReversalEvent(NamedTuple):
    """A row of history beside a leg: the leg of an earlier transaction that it takes back."""

    seq: int
    leg: int
    original_id: UUID
    original_leg: int


@dataclass(slots=True)
class OriginalLeg:
    """A leg of a recorded transaction, as the lane holds it between batches.

    Attributes:
        no: its place within its transaction.
        amount: what it moved.
        is_reversal: whether it takes back another leg. Such a leg is final: whoever reversed by
            mistake posts the transaction anew, and both stay visible.
        taken_back: what reversals have taken back of it so far.
    """

    id: UUID
    transaction_id: UUID
    no: int
    kind: Kind
    debit: str
    credit: str
    amount: int
    code: str
    is_reversal: bool
    taken_back: int

    @property
    def is_reversible(self) -> bool:
        """Whether it moved money, and is not itself a reversal."""
        return self.kind in MOVING and not self.is_reversal

    @property
    def remaining(self) -> int:
        """What can still be taken back."""
        return self.amount - self.taken_back if self.is_reversible else 0

    def take_back(self, amount: int | None, field: str) -> int:
        """Take back part of what remains, or all of it (None), and answer how much that is.

        Raises:
            NotReversible: it reserved money, gave it back, or is itself a reversal.
            ReversalTooLarge: more than what remains, or nothing remains.
        """
        if not self.is_reversible:
            what = "takes back another one" if self.is_reversal else f"is {self.kind}"
            raise NotReversible(f"Transfer {self.id} {what}.", field=field)
        remaining = self.remaining
        taken = remaining if amount is None else amount
        if not 0 < taken <= remaining:
            raise ReversalTooLarge(
                f"Transfer {self.id} has {remaining} left; {taken or 'more'} were asked for.",
                field=field,
                remaining=remaining,
            )
        self.taken_back += taken
        assert 0 <= self.taken_back <= self.amount
        return taken


class UndoReversal(NamedTuple):
    """How to put back what was taken back of one leg."""

    leg: OriginalLeg
    before: int


@dataclass(slots=True)
class Original:
    """A recorded transaction that a reversal names.

    Attributes:
        legs: all of them, in order.
    """

    id: UUID
    effective_at: datetime
    legs: list[OriginalLeg]

    def leg(self, transfer_id: UUID, field: str) -> OriginalLeg:
        """One of its legs.

        Raises:
            UnknownTransfer: it has no such leg.
        """
        for leg in self.legs:
            if leg.id == transfer_id:
                return leg
        raise UnknownTransfer(f"Transaction {self.id} has no transfer {transfer_id}.", field=field)

    def legs_left(self, field: str) -> list[OriginalLeg]:
        """The legs of which something is left.

        Raises:
            NothingToReverse: of none.
        """
        left = [leg for leg in self.legs if leg.remaining]
        if not left:
            raise NothingToReverse(
                f"Nothing is left to take back of transaction {self.id}.", field=field
            )
        return left

    def check_effective(self, effective_at: datetime) -> None:
        """Refuse to take back what did not count yet.

        Raises:
            ReversalTooEarly: effective before the transaction itself.
        """
        if effective_at < self.effective_at:
            raise ReversalTooEarly(
                f"Transaction {self.id} counts from {self.effective_at}.", field="effective_at"
            )
