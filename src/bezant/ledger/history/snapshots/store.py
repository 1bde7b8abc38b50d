"""SQL that writes snapshots.

A block holds an account's legs of a range of numbers in chunks, sorted by an axis. Blocks and
chunks are only ever added, and follow from history alone: a leg that is backdated later lies in a
later block, so what was written stays right.
"""

from typing import Final

# Books that have grown since they were looked through: by more than a look is worth, or by anything
# if they have come to rest.
FIND_GROWN_BOOKS: Final = """
    SELECT l.tenant_id, l.book_id, l.seq
    FROM lane l
    LEFT JOIN history_progress p ON p.tenant_id = l.tenant_id AND p.book_id = l.book_id
    WHERE (l.tenant_id, l.book_id) > ($1, $2) AND l.seq > coalesce(p.seq, 0)
        AND (l.seq - coalesce(p.seq, 0) >= $3 + l.accounts / $4 OR l.recorded_at <= $5)
    ORDER BY l.tenant_id, l.book_id LIMIT $6
"""

SAVE_PROGRESS: Final = """
    INSERT INTO history_progress (tenant_id, book_id, seq) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, book_id) DO UPDATE SET seq = excluded.seq
    WHERE history_progress.seq < excluded.seq
"""

# An account's balance counts its legs, its last block those that are in blocks.
FIND_UNCOVERED_ACCOUNTS: Final = """
    SELECT b.account_no
    FROM balance b
    LEFT JOIN LATERAL (
        SELECT through FROM history_block
        WHERE tenant_id = $1 AND book_id = $2 AND account_no = b.account_no AND level = 0
        ORDER BY after_seq DESC LIMIT 1
    ) AS k ON TRUE
    WHERE b.tenant_id = $1 AND b.book_id = $2 AND b.version >= $4 AND b.account_no > $3
        AND b.version - coalesce(k.through, 0) >= $4
    ORDER BY b.account_no LIMIT $5
"""

FIND_LAST_BLOCK: Final = """
    SELECT last_seq, number, through FROM history_block
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND level = 0
    ORDER BY after_seq DESC LIMIT 1
"""

# Where a block ends that begins after a number and has at least so many legs: with the whole
# transaction of the last of them.
FIND_BLOCK_END: Final = """
    SELECT max(e.seq) AS last_seq, count(*) AS legs FROM (
        SELECT x.seq FROM (
            (SELECT seq, leg FROM transfer
             WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3 AND seq > $4
             ORDER BY seq, leg LIMIT $5)
            UNION ALL
            (SELECT seq, leg FROM transfer
             WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3 AND seq > $4
             ORDER BY seq, leg LIMIT $5)
        ) AS x
        ORDER BY x.seq, x.leg LIMIT $5
    ) AS e
"""

# Where a block begins that is as long as the account's last so many of level 0.
FIND_BLOCK_START: Final = """
    SELECT min(x.after_seq) AS after_seq FROM (
        SELECT after_seq FROM history_block
        WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND level = 0
        ORDER BY after_seq DESC LIMIT $4
    ) AS x
"""

# How many legs of an account are recorded after a number, up to another.
COUNT_LEGS: Final = """
    SELECT count(*) AS legs FROM (
        SELECT seq FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3 AND seq > $4 AND seq <= $5
        UNION ALL
        SELECT seq FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3 AND seq > $4 AND seq <= $5
    ) AS l
"""

# The compare-and-set: who is second with the same block writes nothing.
INSERT_BLOCK: Final = """
    INSERT INTO history_block (tenant_id, book_id, account_no, after_seq, level, last_seq, number,
        through, chunk_legs)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (tenant_id, book_id, account_no, after_seq, level) DO NOTHING
"""

# The chunks of a block on one axis. What a leg does to the sums is told once, here.
INSERT_CHUNKS: Final = """
    INSERT INTO history_chunk (tenant_id, book_id, account_no, after_seq, level, axis, first_at,
        first_seq, first_leg, legs_before, debits_posted_before, credits_posted_before,
        debits_pending_before, credits_pending_before, ats, seqs, legs, are_debits, posted, pending)
    SELECT $1, $2, $3, $4, $5, $7, c.ats[1], c.seqs[1], c.legs[1],
        sum(c.count) OVER before - c.count,
        sum(c.debits_posted) OVER before - c.debits_posted,
        sum(c.credits_posted) OVER before - c.credits_posted,
        sum(c.debits_pending) OVER before - c.debits_pending,
        sum(c.credits_pending) OVER before - c.credits_pending,
        c.ats, c.seqs, c.legs, c.are_debits, c.posted, c.pending
    FROM (
        SELECT r.chunk, count(*) AS count,
            coalesce(sum(r.posted) FILTER (WHERE r.is_debit), 0) AS debits_posted,
            coalesce(sum(r.posted) FILTER (WHERE NOT r.is_debit), 0) AS credits_posted,
            coalesce(sum(r.pending) FILTER (WHERE r.is_debit), 0) AS debits_pending,
            coalesce(sum(r.pending) FILTER (WHERE NOT r.is_debit), 0) AS credits_pending,
            array_agg(r.at ORDER BY r.at, r.seq, r.leg) AS ats,
            array_agg(r.seq ORDER BY r.at, r.seq, r.leg) AS seqs,
            array_agg(r.leg ORDER BY r.at, r.seq, r.leg) AS legs,
            array_agg(r.is_debit ORDER BY r.at, r.seq, r.leg) AS are_debits,
            array_agg(r.posted ORDER BY r.at, r.seq, r.leg) AS posted,
            array_agg(r.pending ORDER BY r.at, r.seq, r.leg) AS pending
        FROM (
            SELECT l.at, l.seq, l.leg, l.is_debit, l.posted, l.pending,
                (row_number() OVER (ORDER BY l.at, l.seq, l.leg) - 1) / $8::bigint AS chunk
            FROM (
                SELECT CASE $7 WHEN 'effective' THEN effective_at
                        WHEN 'booking' THEN booking_date::timestamp AT TIME ZONE 'UTC'
                        ELSE value_date::timestamp AT TIME ZONE 'UTC' END AS at, seq, leg,
                    TRUE AS is_debit,
                    CASE WHEN kind IN ('posted', 'captured') THEN amount ELSE 0 END AS posted,
                    CASE kind WHEN 'posted' THEN 0 WHEN 'pending' THEN amount
                        ELSE -amount END AS pending
                FROM transfer
                WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3 AND seq > $4 AND seq <= $6
                UNION ALL
                SELECT CASE $7 WHEN 'effective' THEN effective_at
                        WHEN 'booking' THEN booking_date::timestamp AT TIME ZONE 'UTC'
                        ELSE value_date::timestamp AT TIME ZONE 'UTC' END, seq, leg, FALSE,
                    CASE WHEN kind IN ('posted', 'captured') THEN amount ELSE 0 END,
                    CASE kind WHEN 'posted' THEN 0 WHEN 'pending' THEN amount ELSE -amount END
                FROM transfer
                WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3 AND seq > $4 AND seq <= $6
            ) AS l
        ) AS r
        GROUP BY r.chunk
    ) AS c
    WINDOW before AS (ORDER BY c.chunk)
"""
