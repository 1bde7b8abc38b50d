"""SQL of the feed: history by its numbers, each table along its own key."""

from typing import Final

FIND_HEAD: Final = "SELECT seq FROM lane WHERE tenant_id = $1 AND book_id = $2"

FIND_HEADS: Final = "SELECT book_id, seq FROM lane WHERE tenant_id = $1 ORDER BY book_id"

FIND_LEGS: Final = """
    SELECT seq, leg, transaction_id, kind, debit_no, credit_no, amount, code, booking_date,
        value_date, effective_at, recorded_at, content_hash
    FROM transfer WHERE tenant_id = $1 AND book_id = $2 AND seq > $3 AND seq <= $4
    ORDER BY seq, leg LIMIT $5
"""

FIND_ACCOUNT_EVENTS: Final = """
    SELECT seq, kind, account_no, account_id, asset, type, status, overdraft, minimum, maximum,
        limit_group, opened_at, recorded_at
    FROM account_event WHERE tenant_id = $1 AND book_id = $2 AND seq > $3 AND seq <= $4
    ORDER BY seq
"""

FIND_LIMIT_GROUP_EVENTS: Final = """
    SELECT seq, kind, group_id, asset, type, overdraft, minimum, maximum, recorded_at
    FROM limit_group_event WHERE tenant_id = $1 AND book_id = $2 AND seq > $3 AND seq <= $4
    ORDER BY seq
"""

FIND_PERIOD_EVENTS: Final = """
    SELECT seq, kind, period, transaction_id, actor, requested_by, recorded_at
    FROM period_event WHERE tenant_id = $1 AND book_id = $2 AND seq > $3 AND seq <= $4
    ORDER BY seq
"""

FIND_HOLD_EVENTS: Final = """
    SELECT seq, leg, hold_id, group_id, closes, expires_at
    FROM hold_event WHERE tenant_id = $1 AND book_id = $2 AND seq > $3 AND seq <= $4
    ORDER BY seq, leg
"""

FIND_REVERSALS: Final = """
    SELECT seq, leg, original_id, original_leg
    FROM reversal WHERE tenant_id = $1 AND book_id = $2 AND seq > $3 AND seq <= $4
    ORDER BY seq, leg
"""

# What a number stands for never changes, so it may be looked up apart: a join would be planned
# anew by whoever has the statistics of the day.
FIND_ACCOUNT_NAMES: Final = """
    SELECT account_no, account_id, asset FROM account
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = ANY($3::bigint[])
"""
