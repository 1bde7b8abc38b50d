"""SQL of the past, read through the snapshots that `snapshots/store.py` writes."""

from typing import Final

FIND_HEAD: Final = """
    SELECT seq, recorded_at FROM lane WHERE tenant_id = $1 AND book_id = $2
"""

# The book's last number at an instant: numbers are given in the order of `recorded_at`, so that
# halves of what is open are told apart by the last number in the lower one.
FIND_KNOWN_SEQ: Final = """
    WITH RECURSIVE search (known, beyond) AS (
        SELECT CASE WHEN l.recorded_at <= $3 THEN l.seq ELSE 0 END, l.seq + 1
        FROM lane l WHERE l.tenant_id = $1 AND l.book_id = $2
        UNION ALL
        SELECT CASE WHEN coalesce(p.recorded_at <= $3, TRUE) THEN s.middle ELSE s.known END,
            CASE WHEN coalesce(p.recorded_at <= $3, TRUE) THEN s.beyond ELSE p.seq END
        FROM (
            SELECT known, beyond, (known + beyond) / 2 AS middle
            FROM search WHERE beyond - known > 1
        ) AS s
        LEFT JOIN LATERAL (
            SELECT x.seq, x.recorded_at FROM (
                (SELECT seq, recorded_at FROM transfer
                 WHERE tenant_id = $1 AND book_id = $2 AND seq > s.known AND seq <= s.middle
                 ORDER BY seq DESC LIMIT 1)
                UNION ALL
                (SELECT seq, recorded_at FROM account_event
                 WHERE tenant_id = $1 AND book_id = $2 AND seq > s.known AND seq <= s.middle
                 ORDER BY seq DESC LIMIT 1)
                UNION ALL
                (SELECT seq, recorded_at FROM limit_group_event
                 WHERE tenant_id = $1 AND book_id = $2 AND seq > s.known AND seq <= s.middle
                 ORDER BY seq DESC LIMIT 1)
                UNION ALL
                (SELECT seq, recorded_at FROM period_event
                 WHERE tenant_id = $1 AND book_id = $2 AND seq > s.known AND seq <= s.middle
                 ORDER BY seq DESC LIMIT 1)
            ) AS x
            ORDER BY x.seq DESC LIMIT 1
        ) AS p ON TRUE
    )
    SELECT max(known) AS seq FROM search
"""

# The account's legs from the beginning on are covered by the largest blocks that end in time, one
# after the other; of each, one chunk says everything: its sums before, and its own legs up to the
# moment. The legs that no block has yet are added up one by one.
FIND_SUMS: Final = """
    WITH RECURSIVE cover (after_seq, level, last_seq) AS (
        (SELECT after_seq, level, last_seq FROM history_block
         WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND after_seq = 0
            AND last_seq <= $4
         ORDER BY level DESC LIMIT 1)
        UNION ALL
        SELECT n.after_seq, n.level, n.last_seq FROM cover c
        CROSS JOIN LATERAL (
            SELECT after_seq, level, last_seq FROM history_block
            WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND after_seq = c.last_seq
                AND last_seq <= $4
            ORDER BY level DESC LIMIT 1
        ) AS n
    ),
    covered AS (
        SELECT h.legs_before, h.debits_posted_before, h.credits_posted_before,
            h.debits_pending_before, h.credits_pending_before, h.ats, h.are_debits, h.posted,
            h.pending
        FROM cover c
        CROSS JOIN LATERAL (
            SELECT legs_before, debits_posted_before, credits_posted_before, debits_pending_before,
                credits_pending_before, ats, are_debits, posted, pending
            FROM history_chunk
            WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3
                AND after_seq = c.after_seq AND level = c.level AND axis = $5 AND first_at <= $6
            ORDER BY first_at DESC, first_seq DESC, first_leg DESC LIMIT 1
        ) AS h
    )
    SELECT coalesce(sum(s.debits_posted), 0)::text AS debits_posted,
        coalesce(sum(s.credits_posted), 0)::text AS credits_posted,
        coalesce(sum(s.debits_pending), 0)::text AS debits_pending,
        coalesce(sum(s.credits_pending), 0)::text AS credits_pending,
        coalesce(sum(s.legs), 0)::bigint AS legs
    FROM (
        SELECT sum(debits_posted_before) AS debits_posted,
            sum(credits_posted_before) AS credits_posted,
            sum(debits_pending_before) AS debits_pending,
            sum(credits_pending_before) AS credits_pending,
            sum(legs_before) AS legs
        FROM covered
        UNION ALL
        SELECT sum(e.posted) FILTER (WHERE e.is_debit),
            sum(e.posted) FILTER (WHERE NOT e.is_debit),
            sum(e.pending) FILTER (WHERE e.is_debit),
            sum(e.pending) FILTER (WHERE NOT e.is_debit), count(*)
        FROM covered h
        CROSS JOIN LATERAL unnest(h.ats, h.are_debits, h.posted, h.pending)
            AS e (at, is_debit, posted, pending)
        WHERE e.at <= $6
        UNION ALL
        SELECT sum(amount) FILTER (WHERE kind IN ('posted', 'captured')), 0,
            sum(CASE kind WHEN 'pending' THEN amount ELSE -amount END)
                FILTER (WHERE kind <> 'posted'), 0, count(*)
        FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3 AND seq <= $4
            AND seq > (SELECT coalesce(max(last_seq), 0) FROM cover)
            AND CASE $5 WHEN 'effective' THEN effective_at
                WHEN 'booking' THEN booking_date::timestamp AT TIME ZONE 'UTC'
                ELSE value_date::timestamp AT TIME ZONE 'UTC' END <= $6
        UNION ALL
        SELECT 0, sum(amount) FILTER (WHERE kind IN ('posted', 'captured')),
            0, sum(CASE kind WHEN 'pending' THEN amount ELSE -amount END)
                FILTER (WHERE kind <> 'posted'), count(*)
        FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3 AND seq <= $4
            AND seq > (SELECT coalesce(max(last_seq), 0) FROM cover)
            AND CASE $5 WHEN 'effective' THEN effective_at
                WHEN 'booking' THEN booking_date::timestamp AT TIME ZONE 'UTC'
                ELSE value_date::timestamp AT TIME ZONE 'UTC' END <= $6
    ) AS s
"""

# In the order of the axis, then of recording, from a position on. Of each block that covers the
# past: the chunk around the position, and as many after it as could fill the page alone.
FIND_ENTRIES_OF_SPAN: Final = """
    WITH RECURSIVE cover (after_seq, level, last_seq, chunk_legs) AS (
        (SELECT after_seq, level, last_seq, chunk_legs FROM history_block
         WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND after_seq = 0
            AND last_seq <= $6
         ORDER BY level DESC LIMIT 1)
        UNION ALL
        SELECT n.after_seq, n.level, n.last_seq, n.chunk_legs FROM cover c
        CROSS JOIN LATERAL (
            SELECT after_seq, level, last_seq, chunk_legs FROM history_block
            WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 AND after_seq = c.last_seq
                AND last_seq <= $6
            ORDER BY level DESC LIMIT 1
        ) AS n
    ),
    page AS (
        SELECT l.at, l.seq, l.leg FROM (
            SELECT e.at, e.seq, e.leg
            FROM cover c
            CROSS JOIN LATERAL (
                (SELECT ats, seqs, legs FROM history_chunk
                 WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3
                    AND after_seq = c.after_seq AND level = c.level AND axis = $4
                    AND (first_at, first_seq, first_leg) <= ($7, $8, $9)
                 ORDER BY first_at DESC, first_seq DESC, first_leg DESC LIMIT 1)
                UNION ALL
                (SELECT ats, seqs, legs FROM history_chunk
                 WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3
                    AND after_seq = c.after_seq AND level = c.level AND axis = $4
                    AND (first_at, first_seq, first_leg) > ($7, $8, $9) AND first_at <= $5
                 ORDER BY first_at, first_seq, first_leg
                 LIMIT (SELECT $10 / min(chunk_legs) + 1 FROM cover))
            ) AS h
            CROSS JOIN LATERAL unnest(h.ats, h.seqs, h.legs) AS e (at, seq, leg)
            UNION ALL
            SELECT CASE $4 WHEN 'effective' THEN effective_at
                    WHEN 'booking' THEN booking_date::timestamp AT TIME ZONE 'UTC'
                    ELSE value_date::timestamp AT TIME ZONE 'UTC' END, seq, leg
            FROM transfer
            WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3 AND seq <= $6
                AND seq > (SELECT coalesce(max(last_seq), 0) FROM cover)
            UNION ALL
            SELECT CASE $4 WHEN 'effective' THEN effective_at
                    WHEN 'booking' THEN booking_date::timestamp AT TIME ZONE 'UTC'
                    ELSE value_date::timestamp AT TIME ZONE 'UTC' END, seq, leg
            FROM transfer
            WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3 AND seq <= $6
                AND seq > (SELECT coalesce(max(last_seq), 0) FROM cover)
        ) AS l
        WHERE l.at <= $5 AND (l.at, l.seq, l.leg) > ($7, $8, $9)
        ORDER BY l.at, l.seq, l.leg LIMIT $10
    )
    SELECT t.transaction_id, t.seq, t.leg, t.kind, h.hold_id,
        CASE WHEN t.debit_no = $3 THEN 'debit' ELSE 'credit' END AS direction,
        o.account_id AS counterparty, t.amount, t.code, t.booking_date, t.value_date,
        t.effective_at, t.recorded_at
    FROM page p
    JOIN transfer t ON t.tenant_id = $1 AND t.book_id = $2 AND t.seq = p.seq AND t.leg = p.leg
    JOIN account o ON o.tenant_id = $1 AND o.book_id = $2
        AND o.account_no = CASE WHEN t.debit_no = $3 THEN t.credit_no ELSE t.debit_no END
    LEFT JOIN hold_event h ON h.tenant_id = $1 AND h.book_id = $2 AND h.seq = t.seq
        AND h.leg = t.leg
    ORDER BY p.at, p.seq, p.leg
"""

# Columns of many accounts come as arrays, which are read ten times as fast as rows. Grouped by an
# expression, since in the order of an index by account every leg would be looked up by itself.
FIND_SUMS_OF_BOOK: Final = """
    SELECT 'debit' AS side, l.kind, array_agg(l.account_no) AS account_nos,
        array_agg(l.amount::text) AS amounts, array_agg(l.legs) AS legs
    FROM (
        SELECT debit_no + 0 AS account_no, kind, sum(amount) AS amount, count(*) AS legs
        FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND seq <= $3
            AND ($4::timestamptz IS NULL OR effective_at <= $4)
            AND ($5::date IS NULL OR booking_date <= $5)
            AND ($6::date IS NULL OR value_date <= $6)
        GROUP BY debit_no + 0, kind
    ) AS l
    GROUP BY l.kind
    UNION ALL
    SELECT 'credit' AS side, l.kind, array_agg(l.account_no) AS account_nos,
        array_agg(l.amount::text) AS amounts, array_agg(l.legs) AS legs
    FROM (
        SELECT credit_no + 0 AS account_no, kind, sum(amount) AS amount, count(*) AS legs
        FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND seq <= $3
            AND ($4::timestamptz IS NULL OR effective_at <= $4)
            AND ($5::date IS NULL OR booking_date <= $5)
            AND ($6::date IS NULL OR value_date <= $6)
        GROUP BY credit_no + 0, kind
    ) AS l
    GROUP BY l.kind
"""

# The same from the other end: the present, less what does not belong to the moment.
FIND_SUMS_OF_BOOK_FROM_PRESENT: Final = """
    SELECT 'debit' AS side, l.kind, array_agg(l.account_no) AS account_nos,
        array_agg(l.amount::text) AS amounts, array_agg(l.legs) AS legs
    FROM (
        SELECT debit_no + 0 AS account_no, kind, -sum(amount) AS amount, -count(*) AS legs
        FROM transfer
        WHERE tenant_id = $1 AND book_id = $2
            AND (seq > $3 OR effective_at > $4 OR booking_date > $5 OR value_date > $6)
        GROUP BY debit_no + 0, kind
    ) AS l
    GROUP BY l.kind
    UNION ALL
    SELECT 'credit' AS side, l.kind, array_agg(l.account_no) AS account_nos,
        array_agg(l.amount::text) AS amounts, array_agg(l.legs) AS legs
    FROM (
        SELECT credit_no + 0 AS account_no, kind, -sum(amount) AS amount, -count(*) AS legs
        FROM transfer
        WHERE tenant_id = $1 AND book_id = $2
            AND (seq > $3 OR effective_at > $4 OR booking_date > $5 OR value_date > $6)
        GROUP BY credit_no + 0, kind
    ) AS l
    GROUP BY l.kind
    UNION ALL
    SELECT 'debit', 'posted', array_agg(account_no), array_agg(debits_posted::text),
        array_agg(version)
    FROM balance WHERE tenant_id = $1 AND book_id = $2 AND version > 0
    UNION ALL
    SELECT 'credit', 'posted', array_agg(account_no), array_agg(credits_posted::text),
        array_agg(0::bigint)
    FROM balance WHERE tenant_id = $1 AND book_id = $2 AND credits_posted <> 0
    UNION ALL
    SELECT 'debit', 'pending', array_agg(account_no), array_agg(debits_pending::text),
        array_agg(0::bigint)
    FROM balance WHERE tenant_id = $1 AND book_id = $2 AND debits_pending <> 0
    UNION ALL
    SELECT 'credit', 'pending', array_agg(account_no), array_agg(credits_pending::text),
        array_agg(0::bigint)
    FROM balance WHERE tenant_id = $1 AND book_id = $2 AND credits_pending <> 0
"""

# How many of some transactions, evenly spread over the book, belong to a moment.
SAMPLE_MOMENT: Final = """
    SELECT count(*) AS looked_at, count(*) FILTER (WHERE t.seq <= $3
        AND ($4::timestamptz IS NULL OR t.effective_at <= $4)
        AND ($5::date IS NULL OR t.booking_date <= $5)
        AND ($6::date IS NULL OR t.value_date <= $6)) AS within
    FROM lane l
    CROSS JOIN LATERAL generate_series(1, l.seq, l.seq / $7::bigint + 1) AS place (seq)
    CROSS JOIN LATERAL (
        SELECT seq, effective_at, booking_date, value_date FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND seq >= place.seq ORDER BY seq LIMIT 1
    ) AS t
    WHERE l.tenant_id = $1 AND l.book_id = $2
"""
