"""What was so at a time, as it was known at a time."""

from bezant.ledger.history.moments import (
    FIRST,
    LAST,
    Axis,
    Moment,
    Position,
    Span,
    instant_of,
)
from bezant.ledger.history.reading import Entry, Head, History
from bezant.ledger.history.snapshots import Snapshots
from bezant.ledger.history.sums import BookSums, Sums

__all__ = [
    "FIRST",
    "LAST",
    "Axis",
    "BookSums",
    "Entry",
    "Head",
    "History",
    "Moment",
    "Position",
    "Snapshots",
    "Span",
    "Sums",
    "instant_of",
]
