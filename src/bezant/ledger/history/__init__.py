"""What was so at a time, as it was known at a time."""

from bezant.ledger.history.moments import Axis, Moment, Position, Span
from bezant.ledger.history.reading import Entry, History
from bezant.ledger.history.snapshots import Snapshots
from bezant.ledger.history.sums import BookSums, Sums

__all__ = [
    "Axis",
    "BookSums",
    "Entry",
    "History",
    "Moment",
    "Position",
    "Snapshots",
    "Span",
    "Sums",
]
