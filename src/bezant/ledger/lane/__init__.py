"""The posting path: one writer per book, batches, riders, fencing."""

from bezant.ledger.lane.book import BookState, Head
from bezant.ledger.lane.draft import (
    AccountEvent,
    Content,
    Draft,
    Posted,
    Recorded,
    Transfer,
    transfer_id,
)
from bezant.ledger.lane.joint import JointRider
from bezant.ledger.lane.lanes import Lanes
from bezant.ledger.lane.reader import account_of, bounds_of
from bezant.ledger.lane.recorded import encode_content
from bezant.ledger.lane.rider import Decision, ReadKind, Reads, Rider, RiderKinds, Seen
from bezant.ledger.lane.store import FIND_ACCOUNTS, FIND_HOLDER, FIND_TRANSACTIONS
from bezant.ledger.lane.watch import BookKey, Watch, Watching
from bezant.ledger.lane.writer import LEASE, LaneLost, write_draft

__all__ = [
    "FIND_ACCOUNTS",
    "FIND_HOLDER",
    "FIND_TRANSACTIONS",
    "LEASE",
    "AccountEvent",
    "BookKey",
    "BookState",
    "Content",
    "Decision",
    "Draft",
    "Head",
    "JointRider",
    "LaneLost",
    "Lanes",
    "Posted",
    "ReadKind",
    "Reads",
    "Recorded",
    "Rider",
    "RiderKinds",
    "Seen",
    "Transfer",
    "Watch",
    "Watching",
    "account_of",
    "bounds_of",
    "encode_content",
    "transfer_id",
    "write_draft",
]
