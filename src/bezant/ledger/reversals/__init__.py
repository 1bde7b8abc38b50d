"""Reversals: recorded legs taken back, in full or in part, by legs with the sides swapped."""

from bezant.ledger.reversals.domain import Original, OriginalLeg, ReversalEvent, UndoReversal

__all__ = ["Original", "OriginalLeg", "ReversalEvent", "UndoReversal"]
