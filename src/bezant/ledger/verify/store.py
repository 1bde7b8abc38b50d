"""SQL of the verifier. All of it is read on one snapshot."""

from typing import Final

FIND_TENANTS: Final = "SELECT tenant_id, name FROM tenant ORDER BY tenant_id"

FIND_BOOKS: Final = """
    SELECT book_id, name FROM book WHERE tenant_id = $1 ORDER BY book_id
"""

FIND_BOOK: Final = """
    SELECT name, time_zone, created_at FROM book WHERE tenant_id = $1 AND book_id = $2
"""

FIND_ASSETS: Final = """
    SELECT code, scale FROM asset WHERE tenant_id = $1 AND book_id = $2
"""

FIND_LANE: Final = """
    SELECT epoch, version, seq, accounts, log_size, frontier, root, recorded_at FROM lane
    WHERE tenant_id = $1 AND book_id = $2
"""

# Walks join tables along their keys, in order. On tables without statistics the planner takes them
# for empty and compares every row with every row.
WITHOUT_LOOPS: Final = "SET LOCAL enable_nestloop = off"

WALK_TRANSFERS: Final = """
    SELECT t.seq, t.leg, t.transaction_id, t.kind, t.debit_no, t.credit_no, t.amount, t.code,
        t.booking_date, t.value_date, t.effective_at, t.recorded_at, t.content_hash,
        e.salt, e.content, h.hold_id, h.group_id, h.closes, h.expires_at
    FROM transfer t LEFT JOIN transaction_content e
        ON e.tenant_id = t.tenant_id AND e.book_id = t.book_id AND e.seq = t.seq
    LEFT JOIN hold_event h ON h.tenant_id = t.tenant_id AND h.book_id = t.book_id
        AND h.seq = t.seq AND h.leg = t.leg
    WHERE t.tenant_id = $1 AND t.book_id = $2 ORDER BY t.seq, t.leg
"""

WALK_ACCOUNT_EVENTS: Final = """
    SELECT seq, kind, account_no, account_id, asset, type, status, overdraft, minimum, maximum,
        limit_group, opened_at, recorded_at
    FROM account_event WHERE tenant_id = $1 AND book_id = $2 ORDER BY seq
"""

WALK_LIMIT_GROUP_EVENTS: Final = """
    SELECT seq, kind, group_id, asset, type, overdraft, minimum, maximum, recorded_at
    FROM limit_group_event WHERE tenant_id = $1 AND book_id = $2 ORDER BY seq
"""

WALK_BATCHES: Final = """
    SELECT batch_no, first_seq, last_seq, root FROM batch
    WHERE tenant_id = $1 AND book_id = $2 ORDER BY batch_no
"""

WALK_LOG_NODES: Final = """
    SELECT level, node_no, hash FROM log_node
    WHERE tenant_id = $1 AND book_id = $2 ORDER BY level, node_no
"""

WALK_ACCOUNTS: Final = """
    SELECT account_no, account_id, asset, type, status, overdraft, minimum, maximum, limit_group,
        opened_at
    FROM account WHERE tenant_id = $1 AND book_id = $2 ORDER BY account_no
"""

WALK_BALANCES: Final = """
    SELECT account_no, debits_posted, credits_posted, debits_pending, credits_pending, version,
        as_of
    FROM balance WHERE tenant_id = $1 AND book_id = $2 ORDER BY account_no
"""

WALK_LIMIT_GROUPS: Final = """
    SELECT group_id, asset, type, overdraft, minimum, maximum, opened_at, debits_posted,
        credits_posted, debits_pending, credits_pending, version, as_of
    FROM limit_group WHERE tenant_id = $1 AND book_id = $2 ORDER BY group_id
"""

WALK_HOLDS: Final = """
    SELECT h.hold_id, h.group_id, h.transaction_id, h.seq, h.debit_no, h.credit_no, h.amount,
        h.captured, h.state, h.code, h.closes, h.expires_at
    FROM hold h WHERE h.tenant_id = $1 AND h.book_id = $2 ORDER BY h.hold_id
"""

COUNT_HOLD_EVENTS: Final = """
    SELECT count(*) AS events FROM hold_event WHERE tenant_id = $1 AND book_id = $2
"""

# Content that no transfer commits to.
FIND_STRAY_CONTENTS: Final = """
    SELECT e.seq FROM transaction_content e
    WHERE e.tenant_id = $1 AND e.book_id = $2 AND NOT EXISTS (
        SELECT FROM transfer t WHERE t.tenant_id = e.tenant_id AND t.book_id = e.book_id
            AND t.seq = e.seq AND t.content_hash IS NOT NULL)
    ORDER BY e.seq LIMIT $3
"""
