"""SQL of the past."""

from typing import Final

# The book's last number at an instant: numbers are given in the order of `recorded_at`.
FIND_KNOWN_SEQ: Final = """
    SELECT max(seq) AS seq FROM (
        SELECT max(seq) AS seq FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND recorded_at <= $3
        UNION ALL
        SELECT max(seq) AS seq FROM account_event
        WHERE tenant_id = $1 AND book_id = $2 AND recorded_at <= $3
        UNION ALL
        SELECT max(seq) AS seq FROM limit_group_event
        WHERE tenant_id = $1 AND book_id = $2 AND recorded_at <= $3
        UNION ALL
        SELECT max(seq) AS seq FROM period_event
        WHERE tenant_id = $1 AND book_id = $2 AND recorded_at <= $3
    ) AS known
"""

FIND_SUMS: Final = """
    SELECT l.side, l.kind, sum(l.amount) AS amount, count(*) AS legs
    FROM (
        SELECT 'debit' AS side, kind, amount FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3 AND seq <= $4
            AND ($5::timestamptz IS NULL OR effective_at <= $5)
            AND ($6::date IS NULL OR booking_date <= $6)
            AND ($7::date IS NULL OR value_date <= $7)
        UNION ALL
        SELECT 'credit' AS side, kind, amount FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3 AND seq <= $4
            AND ($5::timestamptz IS NULL OR effective_at <= $5)
            AND ($6::date IS NULL OR booking_date <= $6)
            AND ($7::date IS NULL OR value_date <= $7)
    ) AS l
    GROUP BY l.side, l.kind
"""

FIND_SUMS_OF_BOOK: Final = """
    SELECT l.account_no, l.side, l.kind, sum(l.amount) AS amount, count(*) AS legs
    FROM (
        SELECT debit_no AS account_no, 'debit' AS side, kind, amount FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND seq <= $3
            AND ($4::timestamptz IS NULL OR effective_at <= $4)
            AND ($5::date IS NULL OR booking_date <= $5)
            AND ($6::date IS NULL OR value_date <= $6)
        UNION ALL
        SELECT credit_no AS account_no, 'credit' AS side, kind, amount FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND seq <= $3
            AND ($4::timestamptz IS NULL OR effective_at <= $4)
            AND ($5::date IS NULL OR booking_date <= $5)
            AND ($6::date IS NULL OR value_date <= $6)
    ) AS l
    GROUP BY l.account_no, l.side, l.kind
"""

# In the order of the axis, then of recording.
FIND_ENTRIES_OF_SPAN: Final = """
    SELECT e.transaction_id, e.seq, e.leg, e.kind, h.hold_id, e.direction,
        o.account_id AS counterparty, e.amount, e.code, e.booking_date, e.value_date,
        e.effective_at, e.recorded_at
    FROM (
        SELECT transaction_id, seq, leg, kind, 'debit' AS direction, credit_no AS other_no, amount,
            code, booking_date, value_date, effective_at, recorded_at,
            CASE $4::text WHEN 'effective' THEN effective_at
                WHEN 'booking' THEN booking_date::timestamp AT TIME ZONE 'UTC'
                ELSE value_date::timestamp AT TIME ZONE 'UTC' END AS at
        FROM transfer WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3 AND seq <= $7
        UNION ALL
        SELECT transaction_id, seq, leg, kind, 'credit' AS direction, debit_no AS other_no, amount,
            code, booking_date, value_date, effective_at, recorded_at,
            CASE $4::text WHEN 'effective' THEN effective_at
                WHEN 'booking' THEN booking_date::timestamp AT TIME ZONE 'UTC'
                ELSE value_date::timestamp AT TIME ZONE 'UTC' END AS at
        FROM transfer WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3 AND seq <= $7
    ) AS e
    JOIN account o ON o.tenant_id = $1 AND o.book_id = $2 AND o.account_no = e.other_no
    LEFT JOIN hold_event h ON h.tenant_id = $1 AND h.book_id = $2 AND h.seq = e.seq
        AND h.leg = e.leg
    WHERE e.at BETWEEN $5 AND $6 AND (e.at, e.seq, e.leg) > ($8, $9, $10)
    ORDER BY e.at, e.seq, e.leg LIMIT $11
"""
