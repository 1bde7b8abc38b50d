"""`bezant verify`: every invariant of every book, recomputed from history."""

from bezant.ledger.verify.findings import BookReport, Finding, Kind
from bezant.ledger.verify.run import verify, verify_book

__all__ = ["BookReport", "Finding", "Kind", "verify", "verify_book"]
