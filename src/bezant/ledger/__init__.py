"""The system of record: books, accounts, transactions, proof."""

from bezant.ledger import export, reconciliation, schemas
from bezant.ledger.api import operations
from bezant.ledger.balance_cache import clear_run_folder
from bezant.ledger.errors import FeedPositionAhead
from bezant.ledger.feed import Event, Events, FeedBroken, type_of
from bezant.ledger.feed.api import operations as feed_operations
from bezant.ledger.lane import (
    Decision,
    JointRider,
    ReadKind,
    Reads,
    Rider,
    RiderKinds,
    Seen,
    transfer_id,
)
from bezant.ledger.posting import PostBatch, PostTransaction, post
from bezant.ledger.reconciliation import ReconciliationService
from bezant.ledger.service import Ledger
from bezant.ledger.verify import BookReport, Finding, verify, verify_book

__all__ = [
    "BookReport",
    "Decision",
    "Event",
    "Events",
    "FeedBroken",
    "FeedPositionAhead",
    "Finding",
    "JointRider",
    "Ledger",
    "PostBatch",
    "PostTransaction",
    "ReadKind",
    "Reads",
    "ReconciliationService",
    "Rider",
    "RiderKinds",
    "Seen",
    "clear_run_folder",
    "export",
    "feed_operations",
    "operations",
    "post",
    "reconciliation",
    "schemas",
    "transfer_id",
    "type_of",
    "verify",
    "verify_book",
]
