"""SQL of statements. What counts up to a moment, and the entries of a span, are `history`'s."""

from typing import Final

# An account with all that a statement says of it. The lane's instant is that of the book's last
# number: who asks for what was known then gets just what is known now, for ever.
FIND_SUBJECT: Final = """
    SELECT b.name, b.time_zone, a.account_no, a.asset, a.type, s.scale, l.recorded_at
    FROM account a
    JOIN book b ON b.tenant_id = a.tenant_id AND b.book_id = a.book_id
    JOIN asset s ON s.tenant_id = a.tenant_id AND s.book_id = a.book_id AND s.code = a.asset
    JOIN lane l ON l.tenant_id = a.tenant_id AND l.book_id = a.book_id
    WHERE a.tenant_id = $1 AND a.book_id = $2 AND a.account_id = $3
"""

# What moved within a span, counted from the legs themselves and not from sums that `history` may
# keep: that the two agree is what a statement asserts.
SUM_MOVEMENTS: Final = """
    SELECT l.direction, count(*) AS legs, sum(l.amount) AS amount
    FROM (
        SELECT 'debit' AS direction, amount FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3 AND seq <= $4
            AND kind IN ('posted', 'captured')
            AND ($5::date IS NULL OR booking_date BETWEEN $5 AND $6)
            AND ($7::date IS NULL OR value_date BETWEEN $7 AND $8)
            AND ($9::timestamptz IS NULL OR effective_at BETWEEN $9 AND $10)
        UNION ALL
        SELECT 'credit' AS direction, amount FROM transfer
        WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3 AND seq <= $4
            AND kind IN ('posted', 'captured')
            AND ($5::date IS NULL OR booking_date BETWEEN $5 AND $6)
            AND ($7::date IS NULL OR value_date BETWEEN $7 AND $8)
            AND ($9::timestamptz IS NULL OR effective_at BETWEEN $9 AND $10)
    ) AS l
    GROUP BY l.direction
"""

FIND_CONTENTS: Final = """
    SELECT seq, content FROM transaction_content
    WHERE tenant_id = $1 AND book_id = $2 AND seq = ANY($3::bigint[])
"""
