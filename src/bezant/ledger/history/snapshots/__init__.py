"""Snapshots of the past, written beside the postings."""

from bezant.ledger.history.snapshots.writer import Snapshots

__all__ = ["Snapshots"]
