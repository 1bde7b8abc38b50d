"""What was so at a time, as it was known at a time."""

from bezant.ledger.history.moments import Axis, Moment, Span
from bezant.ledger.history.reading import BookSums, Entry, History, Position, Sums

__all__ = ["Axis", "BookSums", "Entry", "History", "Moment", "Position", "Span", "Sums"]
