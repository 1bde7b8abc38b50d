"""The posting path: one writer per book, batches, riders, fencing."""

from bezant.ledger.lane.book import BookState, Head
from bezant.ledger.lane.draft import Draft, Posted, Recorded, transfer_id
from bezant.ledger.lane.entry import JournalEntry, begin
from bezant.ledger.lane.expiries import NEVER, Expiries
from bezant.ledger.lane.expiry import expire_due
from bezant.ledger.lane.joint import JointRider
from bezant.ledger.lane.lanes import Gatekeeper, Lanes
from bezant.ledger.lane.reader import (
    account_event_of,
    account_of,
    bounds_of,
    hold_of,
    limit_group_event_of,
    limit_group_of,
    original_of,
    period_event_of,
    reopening_of,
)
from bezant.ledger.lane.recorded import Standing, encode_content, leg_leaf, standing_entry
from bezant.ledger.lane.rider import Decision, ReadKind, Reads, Rider, RiderKinds, Seen
from bezant.ledger.lane.rows import (
    AccountEvent,
    Content,
    HoldEvent,
    LimitGroupEvent,
    PeriodEvent,
    Transfer,
)
from bezant.ledger.lane.store import (
    FIND_ACCOUNTS,
    FIND_HOLDER,
    FIND_HOLDS,
    FIND_LIMIT_GROUPS,
    FIND_PERIOD_EVENTS,
    FIND_TRANSACTIONS,
)
from bezant.ledger.lane.terms import (
    account_leaf,
    close_accounts,
    limit_group_leaf,
    period_leaf,
    record_account,
    record_limit_group,
    record_period,
    reopen_accounts,
)
from bezant.ledger.lane.watch import BookKey, Watch, Watching
from bezant.ledger.lane.writer import LEASE, LaneLost, write_draft

__all__ = [
    "FIND_ACCOUNTS",
    "FIND_HOLDER",
    "FIND_HOLDS",
    "FIND_LIMIT_GROUPS",
    "FIND_PERIOD_EVENTS",
    "FIND_TRANSACTIONS",
    "LEASE",
    "NEVER",
    "AccountEvent",
    "BookKey",
    "BookState",
    "Content",
    "Decision",
    "Draft",
    "Expiries",
    "Gatekeeper",
    "Head",
    "HoldEvent",
    "JointRider",
    "JournalEntry",
    "LaneLost",
    "Lanes",
    "LimitGroupEvent",
    "PeriodEvent",
    "Posted",
    "ReadKind",
    "Reads",
    "Recorded",
    "Rider",
    "RiderKinds",
    "Seen",
    "Standing",
    "Transfer",
    "Watch",
    "Watching",
    "account_event_of",
    "account_leaf",
    "account_of",
    "begin",
    "bounds_of",
    "close_accounts",
    "encode_content",
    "expire_due",
    "hold_of",
    "leg_leaf",
    "limit_group_event_of",
    "limit_group_leaf",
    "limit_group_of",
    "original_of",
    "period_event_of",
    "period_leaf",
    "record_account",
    "record_limit_group",
    "record_period",
    "reopen_accounts",
    "reopening_of",
    "standing_entry",
    "transfer_id",
    "write_draft",
]
