"""The system of record: books, accounts, transactions, proof."""

from bezant.ledger import schemas
from bezant.ledger.api import operations
from bezant.ledger.balance_cache import clear_run_folder
from bezant.ledger.lane import Decision, JointRider, ReadKind, Reads, Rider, RiderKinds, Seen
from bezant.ledger.posting import PostBatch, PostTransaction, post
from bezant.ledger.service import Ledger
from bezant.ledger.verify import BookReport, Finding, verify, verify_book

__all__ = [
    "BookReport",
    "Decision",
    "Finding",
    "JointRider",
    "Ledger",
    "PostBatch",
    "PostTransaction",
    "ReadKind",
    "Reads",
    "Rider",
    "RiderKinds",
    "Seen",
    "clear_run_folder",
    "operations",
    "post",
    "schemas",
    "verify",
    "verify_book",
]
