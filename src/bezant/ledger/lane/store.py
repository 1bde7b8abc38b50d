"""SQL of the lane: taking it, reading what a batch needs, writing a batch."""

from typing import Final

from bezant.kernel.database import BEGIN_SERIALIZABLE

FIND_BOOK: Final = """
    SELECT time_zone FROM book WHERE tenant_id = $1 AND book_id = $2
"""

FIND_ASSETS: Final = """
    SELECT code, scale FROM asset WHERE tenant_id = $1 AND book_id = $2
"""

FIND_HOLDER: Final = """
    SELECT epoch, holder, lease_until > now() AS is_leased, accounts FROM lane
    WHERE tenant_id = $1 AND book_id = $2
"""

# Waits for the row's lock while an earlier holder's batch is in doubt: once this returns, every
# batch of an older epoch is either in what it returns or will never be.
TAKE: Final = """
    UPDATE lane SET epoch = epoch + 1, holder = $4, lease_until = now() + $5::interval
    WHERE tenant_id = $1 AND book_id = $2 AND epoch = $3
    RETURNING epoch, version, seq, accounts, log_size, frontier, recorded_at
"""

# Books whose next hold may have expired, of every tenant: whoever finds one has its lane look.
FIND_DUE_BOOKS: Final = """
    SELECT tenant_id, book_id, next_expiry FROM lane
    WHERE next_expiry <= $1 AND (next_expiry, tenant_id, book_id) > ($2, $3, $4)
    ORDER BY next_expiry, tenant_id, book_id LIMIT $5
"""

FIND_ACCOUNTS: Final = """
    SELECT a.account_no, a.account_id, a.asset, a.type, a.status, a.overdraft, a.minimum, a.maximum,
        a.limit_group, a.opened_at, b.debits_posted, b.credits_posted, b.debits_pending,
        b.credits_pending, b.version, b.as_of
    FROM account a JOIN balance b
        ON b.tenant_id = a.tenant_id AND b.book_id = a.book_id AND b.account_no = a.account_no
    WHERE a.tenant_id = $1 AND a.book_id = $2 AND a.account_id = ANY($3::text[])
"""

FIND_LIMIT_GROUPS: Final = """
    SELECT group_id, asset, type, overdraft, minimum, maximum, opened_at, debits_posted,
        credits_posted, debits_pending, credits_pending, version, as_of
    FROM limit_group WHERE tenant_id = $1 AND book_id = $2 AND group_id = ANY($3::text[])
"""

FIND_HOLDS: Final = """
    SELECT h.hold_id, h.group_id, h.transaction_id, h.seq, d.account_id AS debit,
        c.account_id AS credit, h.amount, h.captured, h.state, h.code, h.closes, h.expires_at
    FROM hold h
    JOIN account d ON d.tenant_id = h.tenant_id AND d.book_id = h.book_id
        AND d.account_no = h.debit_no
    JOIN account c ON c.tenant_id = h.tenant_id AND c.book_id = h.book_id
        AND c.account_no = h.credit_no
    WHERE h.tenant_id = $1 AND h.book_id = $2 AND h.hold_id = ANY($3::uuid[])
"""

FIND_HOLDS_OF_GROUPS: Final = """
    SELECT h.hold_id FROM hold h
    WHERE h.tenant_id = $1 AND h.book_id = $2 AND h.group_id = ANY($3::uuid[])
        AND h.state = 'open'
"""

FIND_EXPIRIES: Final = """
    SELECT hold_id, expires_at FROM hold
    WHERE tenant_id = $1 AND book_id = $2 AND state = 'open' AND expires_at IS NOT NULL
    ORDER BY expires_at LIMIT $3
"""

HAS_REFUSED: Final = """
    SELECT EXISTS (
        SELECT FROM refused_transaction WHERE tenant_id = $1 AND book_id = $2
    ) AS has_refused
"""

FIND_REFUSED: Final = """
    SELECT transaction_id, code FROM refused_transaction
    WHERE tenant_id = $1 AND book_id = $2 AND transaction_id = ANY($3::uuid[])
"""

FIND_PERIOD_EVENTS: Final = """
    SELECT seq, kind, period, transaction_id, actor, requested_by, recorded_at FROM period_event
    WHERE tenant_id = $1 AND book_id = $2 ORDER BY seq
"""

FIND_PENDING_REOPENING: Final = """
    SELECT r.reopening_id, r.period, r.reason, r.requested_by, r.requested_at, r.expires_at
    FROM period_reopening r
    WHERE r.tenant_id = $1 AND r.book_id = $2 AND NOT EXISTS (
        SELECT FROM period_reopening_outcome o
        WHERE o.tenant_id = r.tenant_id AND o.book_id = r.book_id
            AND o.reopening_id = r.reopening_id)
"""

# What closing entries bring to zero, and the accounts that they bring it to.
FIND_RESULT_ACCOUNTS: Final = """
    SELECT account_id FROM account
    WHERE tenant_id = $1 AND book_id = $2 AND type IN ('income', 'expense', 'equity')
"""

FIND_TRANSACTIONS: Final = """
    SELECT t.transaction_id, t.seq, t.leg, d.account_id AS debit, c.account_id AS credit, d.asset,
        t.amount, t.code, t.booking_date, t.value_date, t.effective_at, t.recorded_at,
        t.content_hash, t.kind, e.salt, e.content, h.hold_id, h.group_id, h.closes, h.expires_at,
        r.original_id, r.original_leg
    FROM transfer t
    JOIN account d ON d.tenant_id = t.tenant_id AND d.book_id = t.book_id
        AND d.account_no = t.debit_no
    JOIN account c ON c.tenant_id = t.tenant_id AND c.book_id = t.book_id
        AND c.account_no = t.credit_no
    LEFT JOIN transaction_content e ON e.tenant_id = t.tenant_id AND e.book_id = t.book_id
        AND e.seq = t.seq
    LEFT JOIN hold_event h ON h.tenant_id = t.tenant_id AND h.book_id = t.book_id
        AND h.seq = t.seq AND h.leg = t.leg
    LEFT JOIN reversal r ON r.tenant_id = t.tenant_id AND r.book_id = t.book_id
        AND r.seq = t.seq AND r.leg = t.leg
    WHERE t.tenant_id = $1 AND t.book_id = $2 AND t.transaction_id = ANY($3::uuid[])
    ORDER BY t.seq, t.leg
"""

# What was taken back of each leg of some transactions.
SUM_REVERSED: Final = """
    SELECT r.original_id, r.original_leg, sum(t.amount) AS amount
    FROM reversal r JOIN transfer t ON t.tenant_id = r.tenant_id AND t.book_id = r.book_id
        AND t.seq = r.seq AND t.leg = r.leg
    WHERE r.tenant_id = $1 AND r.book_id = $2 AND r.original_id = ANY($3::uuid[])
    GROUP BY r.original_id, r.original_leg
"""

# A sequential or hash-joined plan would read, and thereby lock, the whole partition: the batches of
# books that share it would then abort each other. Every table of a batch is reached by its key.
BEGIN_BATCH: Final = (
    f"{BEGIN_SERIALIZABLE};"
    "SET LOCAL enable_seqscan = off;"
    "SET LOCAL enable_bitmapscan = off;"
    "SET LOCAL enable_hashjoin = off;"
    "SET LOCAL enable_mergejoin = off;"
    "SET LOCAL plan_cache_mode = force_generic_plan"
)

# The compare-and-set that fences: no row is updated once another process has taken the lane or
# written to the book.
ADVANCE: Final = """
    UPDATE lane SET version = version + 1, seq = $5, accounts = $6, log_size = $7, frontier = $8,
        root = $9, recorded_at = $10, lease_until = now() + $11::interval, next_expiry = $12
    WHERE tenant_id = $1 AND book_id = $2 AND epoch = $3 AND version = $4
"""

# Numbers come as the text of an array, which is cheaper to make than what the driver makes of
# integers. A column that is the same in all rows comes once, its array empty: `unnest` fills up
# with nulls, and `coalesce` with the value.
INSERT_TRANSFERS: Final = """
    INSERT INTO transfer (tenant_id, book_id, seq, leg, transaction_id, kind, debit_no, credit_no,
        amount, code, booking_date, value_date, effective_at, recorded_at, content_hash)
    SELECT $1, $2, seq, coalesce(leg, $16), transaction_id, coalesce(kind, $17), debit_no,
        credit_no, amount, coalesce(code, $18), coalesce(booking_date, $19),
        coalesce(value_date, $20), coalesce(effective_at, recorded_at), recorded_at, content_hash
    FROM unnest($3::text::bigint[], $4::smallint[], $5::uuid[], $6::text[], $7::text::bigint[],
                $8::text::bigint[], $9::text::numeric[], $10::text[], $11::date[], $12::date[],
                $13::timestamptz[], $14::timestamptz[], $15::bytea[])
        AS new (seq, leg, transaction_id, kind, debit_no, credit_no, amount, code, booking_date,
                value_date, effective_at, recorded_at, content_hash)
"""

# One row per account that the batch touched, however often it did. The totals are the lane's own:
# the compare-and-set of the same transaction proves that they are the newest. An upsert finds its
# rows by the key whatever the planner believes of the table; a joined update on a table without
# statistics compares every row with every row.
SAVE_BALANCES: Final = """
    INSERT INTO balance (tenant_id, book_id, account_no, debits_posted, credits_posted,
        debits_pending, credits_pending, version, as_of)
    SELECT $1, $2, account_no, debits_posted, credits_posted, coalesce(debits_pending, 0),
        coalesce(credits_pending, 0), version, as_of
    FROM unnest($3::text::bigint[], $4::text::numeric[], $5::text::numeric[],
                $6::text::numeric[], $7::text::numeric[], $8::text::bigint[], $9::timestamptz[])
        AS new (account_no, debits_posted, credits_posted, debits_pending, credits_pending,
                version, as_of)
    ON CONFLICT (tenant_id, book_id, account_no) DO UPDATE SET
        debits_posted = excluded.debits_posted, credits_posted = excluded.credits_posted,
        debits_pending = excluded.debits_pending, credits_pending = excluded.credits_pending,
        version = excluded.version, as_of = excluded.as_of
"""

SAVE_ACCOUNTS: Final = """
    INSERT INTO account (tenant_id, book_id, account_no, account_id, asset, type, status,
        overdraft, minimum, maximum, limit_group, opened_at)
    SELECT $1, $2, account_no, account_id, asset, type, status, overdraft::numeric,
        minimum::numeric, maximum::numeric, limit_group, opened_at
    FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], $12::timestamptz[])
        AS new (account_no, account_id, asset, type, status, overdraft, minimum, maximum,
                limit_group, opened_at)
    ON CONFLICT (tenant_id, book_id, account_no) DO UPDATE SET
        status = excluded.status, overdraft = excluded.overdraft, minimum = excluded.minimum,
        maximum = excluded.maximum, limit_group = excluded.limit_group
"""

INSERT_ACCOUNT_EVENTS: Final = """
    INSERT INTO account_event (tenant_id, book_id, seq, kind, account_no, account_id, asset, type,
        status, overdraft, minimum, maximum, limit_group, opened_at, recorded_at)
    SELECT $1, $2, seq, kind, account_no, account_id, asset, type, status, overdraft::numeric,
        minimum::numeric, maximum::numeric, limit_group, opened_at, recorded_at
    FROM unnest($3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                $14::timestamptz[], $15::timestamptz[])
        AS new (seq, kind, account_no, account_id, asset, type, status, overdraft, minimum,
                maximum, limit_group, opened_at, recorded_at)
"""

# One row per limit group, as for balances.
SAVE_LIMIT_GROUPS: Final = """
    INSERT INTO limit_group (tenant_id, book_id, group_id, asset, type, overdraft, minimum, maximum,
        opened_at, debits_posted, credits_posted, debits_pending, credits_pending, version, as_of)
    SELECT $1, $2, group_id, asset, type, overdraft::numeric, minimum::numeric, maximum::numeric,
        opened_at, debits_posted::numeric, credits_posted::numeric, debits_pending::numeric,
        credits_pending::numeric, version, as_of
    FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::text[],
                $14::bigint[], $15::timestamptz[])
        AS new (group_id, asset, type, overdraft, minimum, maximum, opened_at, debits_posted,
                credits_posted, debits_pending, credits_pending, version, as_of)
    ON CONFLICT (tenant_id, book_id, group_id) DO UPDATE SET
        overdraft = excluded.overdraft, minimum = excluded.minimum, maximum = excluded.maximum,
        debits_posted = excluded.debits_posted, credits_posted = excluded.credits_posted,
        debits_pending = excluded.debits_pending, credits_pending = excluded.credits_pending,
        version = excluded.version, as_of = excluded.as_of
"""

INSERT_LIMIT_GROUP_EVENTS: Final = """
    INSERT INTO limit_group_event (tenant_id, book_id, seq, kind, group_id, asset, type, overdraft,
        minimum, maximum, recorded_at)
    SELECT $1, $2, seq, kind, group_id, asset, type, overdraft::numeric, minimum::numeric,
        maximum::numeric, recorded_at
    FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::timestamptz[])
        AS new (seq, kind, group_id, asset, type, overdraft, minimum, maximum, recorded_at)
"""

# One row per hold that the batch reserved or settled, however often it did.
SAVE_HOLDS: Final = """
    INSERT INTO hold (tenant_id, book_id, hold_id, group_id, transaction_id, seq, debit_no,
        credit_no, amount, captured, state, code, closes, expires_at)
    SELECT $1, $2, hold_id, group_id, transaction_id, seq, debit_no, credit_no, amount::numeric,
        captured::numeric, state, code, closes, expires_at
    FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[],
                $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::timestamptz[])
        AS new (hold_id, group_id, transaction_id, seq, debit_no, credit_no, amount, captured,
                state, code, closes, expires_at)
    ON CONFLICT (tenant_id, book_id, hold_id) DO UPDATE SET
        captured = excluded.captured, state = excluded.state
"""

INSERT_HOLD_EVENTS: Final = """
    INSERT INTO hold_event (tenant_id, book_id, seq, leg, hold_id, group_id, closes, expires_at)
    SELECT $1, $2, seq, leg, hold_id, group_id, closes, expires_at
    FROM unnest($3::bigint[], $4::smallint[], $5::uuid[], $6::uuid[], $7::text[],
                $8::timestamptz[])
        AS new (seq, leg, hold_id, group_id, closes, expires_at)
"""

INSERT_REVERSALS: Final = """
    INSERT INTO reversal (tenant_id, book_id, seq, leg, original_id, original_leg)
    SELECT $1, $2, seq, leg, original_id, original_leg
    FROM unnest($3::bigint[], $4::smallint[], $5::uuid[], $6::smallint[])
        AS new (seq, leg, original_id, original_leg)
"""

INSERT_REFUSED: Final = """
    INSERT INTO refused_transaction (tenant_id, book_id, transaction_id, code, refused_at)
    SELECT $1, $2, transaction_id, code, refused_at
    FROM unnest($3::uuid[], $4::text[], $5::timestamptz[]) AS new (transaction_id, code, refused_at)
"""

INSERT_PERIOD_EVENTS: Final = """
    INSERT INTO period_event (tenant_id, book_id, seq, kind, period, transaction_id, actor,
        requested_by, recorded_at)
    SELECT $1, $2, seq, kind, period, transaction_id, actor, requested_by, recorded_at
    FROM unnest($3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[],
                $9::timestamptz[])
        AS new (seq, kind, period, transaction_id, actor, requested_by, recorded_at)
"""

INSERT_CONTENTS: Final = """
    INSERT INTO transaction_content (tenant_id, book_id, seq, salt, content)
    SELECT $1, $2, seq, salt, content
    FROM unnest($3::bigint[], $4::bytea[], $5::bytea[]) AS new (seq, salt, content)
"""

INSERT_BATCH: Final = """
    INSERT INTO batch (tenant_id, book_id, batch_no, first_seq, last_seq, root)
    VALUES ($1, $2, $3, $4, $5, $6)
"""
