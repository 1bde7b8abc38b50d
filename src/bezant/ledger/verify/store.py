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
        e.salt, e.content, h.hold_id, h.group_id, h.closes, h.expires_at, r.original_id,
        r.original_leg
    FROM transfer t LEFT JOIN transaction_content e
        ON e.tenant_id = t.tenant_id AND e.book_id = t.book_id AND e.seq = t.seq
    LEFT JOIN hold_event h ON h.tenant_id = t.tenant_id AND h.book_id = t.book_id
        AND h.seq = t.seq AND h.leg = t.leg
    LEFT JOIN reversal r ON r.tenant_id = t.tenant_id AND r.book_id = t.book_id
        AND r.seq = t.seq AND r.leg = t.leg
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

WALK_PERIOD_EVENTS: Final = """
    SELECT seq, kind, period, transaction_id, actor, requested_by, recorded_at
    FROM period_event WHERE tenant_id = $1 AND book_id = $2 ORDER BY seq
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

COUNT_REVERSALS: Final = """
    SELECT count(*) AS reversals FROM reversal WHERE tenant_id = $1 AND book_id = $2
"""

# The legs of transactions that reversals name, whose own legs history has shown to be sound.
FIND_ORIGINALS: Final = """
    SELECT t.transaction_id, t.seq, t.leg, t.kind, t.debit_no, t.credit_no, t.amount, t.code,
        t.effective_at, r.original_id
    FROM transfer t
    LEFT JOIN reversal r ON r.tenant_id = t.tenant_id AND r.book_id = t.book_id
        AND r.seq = t.seq AND r.leg = t.leg
    WHERE t.tenant_id = $1 AND t.book_id = $2 AND t.transaction_id = ANY($3::uuid[])
"""

# Content that no transfer commits to.
FIND_STRAY_CONTENTS: Final = """
    SELECT e.seq FROM transaction_content e
    WHERE e.tenant_id = $1 AND e.book_id = $2 AND NOT EXISTS (
        SELECT FROM transfer t WHERE t.tenant_id = e.tenant_id AND t.book_id = e.book_id
            AND t.seq = e.seq AND t.content_hash IS NOT NULL)
    ORDER BY e.seq LIMIT $3
"""

WALK_HISTORY_BLOCKS: Final = """
    SELECT account_no, level, after_seq, last_seq, through, chunk_legs FROM history_block
    WHERE tenant_id = $1 AND book_id = $2 ORDER BY account_no, level, after_seq
"""

# What a block is made of.
FIND_LEGS_OF_BLOCK: Final = """
    SELECT seq, leg, TRUE AS is_debit, kind, amount, effective_at, booking_date, value_date
    FROM transfer
    WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3 AND seq > $4 AND seq <= $5
    UNION ALL
    SELECT seq, leg, FALSE, kind, amount, effective_at, booking_date, value_date
    FROM transfer
    WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3 AND seq > $4 AND seq <= $5
"""

WALK_CHUNKS_OF_BLOCK: Final = """
    SELECT first_at, first_seq, first_leg, legs_before, debits_posted_before,
        credits_posted_before, debits_pending_before, credits_pending_before, ats, seqs, legs,
        are_debits, posted, pending
    FROM history_chunk
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND after_seq = $4 AND level = $5
        AND axis = $6
    ORDER BY first_at, first_seq, first_leg
"""
