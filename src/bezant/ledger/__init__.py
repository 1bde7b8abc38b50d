"""The system of record: books, accounts, transactions, proof."""

from bezant.ledger import schemas
from bezant.ledger.api import operations
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
    "operations",
    "post",
    "schemas",
    "transfer_id",
    "verify",
    "verify_book",
]
