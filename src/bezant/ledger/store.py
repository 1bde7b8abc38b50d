"""SQL of the ledger's readers. What the lane reads and writes is in `lane/store.py`."""

from typing import Final

FIND_BOOKS: Final = """
    SELECT b.book_id, b.name, b.time_zone, b.created_at,
        array_agg(a.code ORDER BY a.code) AS codes, array_agg(a.scale ORDER BY a.code) AS scales
    FROM book b JOIN asset a ON a.tenant_id = b.tenant_id AND a.book_id = b.book_id
    WHERE b.tenant_id = $1 AND b.book_id > $2
    GROUP BY b.tenant_id, b.book_id
    ORDER BY b.book_id LIMIT $3
"""

FIND_BOOK: Final = """
    SELECT b.book_id, b.name, b.time_zone, b.created_at,
        array_agg(a.code ORDER BY a.code) AS codes, array_agg(a.scale ORDER BY a.code) AS scales
    FROM book b JOIN asset a ON a.tenant_id = b.tenant_id AND a.book_id = b.book_id
    WHERE b.tenant_id = $1 AND b.book_id = $2
    GROUP BY b.tenant_id, b.book_id
"""

FIND_ACCOUNTS: Final = """
    SELECT account_id, asset, type, status, overdraft, minimum, maximum, limit_group,
        opened_at
    FROM account
    WHERE tenant_id = $1 AND book_id = $2 AND account_id > $3 ORDER BY account_id LIMIT $4
"""

FIND_ACCOUNT: Final = """
    SELECT account_no, account_id, asset, type, status, overdraft, minimum, maximum, limit_group,
        opened_at
    FROM account WHERE tenant_id = $1 AND book_id = $2 AND account_id = $3
"""

# Each branch walks its own index from the cursor on, and stops at the limit.
FIND_ENTRIES: Final = """
    SELECT e.transaction_id, e.seq, e.leg, e.kind, h.hold_id, e.direction,
        o.account_id AS counterparty, e.amount, e.code, e.booking_date, e.value_date,
        e.effective_at, e.recorded_at
    FROM (
        (SELECT transaction_id, seq, leg, kind, 'debit' AS direction, credit_no AS other_no, amount,
            code, booking_date, value_date, effective_at, recorded_at
         FROM transfer WHERE tenant_id = $1 AND book_id = $2 AND debit_no = $3
            AND (seq, leg) > ($4, $5)
         ORDER BY seq, leg LIMIT $6)
        UNION ALL
        (SELECT transaction_id, seq, leg, kind, 'credit' AS direction, debit_no AS other_no, amount,
            code, booking_date, value_date, effective_at, recorded_at
         FROM transfer WHERE tenant_id = $1 AND book_id = $2 AND credit_no = $3
            AND (seq, leg) > ($4, $5)
         ORDER BY seq, leg LIMIT $6)
    ) AS e
    JOIN account o ON o.tenant_id = $1 AND o.book_id = $2 AND o.account_no = e.other_no
    LEFT JOIN hold_event h ON h.tenant_id = $1 AND h.book_id = $2 AND h.seq = e.seq
        AND h.leg = e.leg
    ORDER BY e.seq, e.leg LIMIT $6
"""

# What was taken back of a transaction: by leg, and by which transactions, the first ones.
FIND_REVERSED: Final = """
    SELECT r.original_leg AS leg, sum(t.amount) AS amount, NULL::uuid AS reversal_id,
        0::bigint AS seq
    FROM reversal r JOIN transfer t ON t.tenant_id = r.tenant_id AND t.book_id = r.book_id
        AND t.seq = r.seq AND t.leg = r.leg
    WHERE r.tenant_id = $1 AND r.book_id = $2 AND r.original_id = $3
    GROUP BY r.original_leg
    UNION ALL
    (SELECT NULL, NULL, t.transaction_id, t.seq
     FROM reversal r JOIN transfer t ON t.tenant_id = r.tenant_id AND t.book_id = r.book_id
        AND t.seq = r.seq AND t.leg = r.leg
     WHERE r.tenant_id = $1 AND r.book_id = $2 AND r.original_id = $3
     GROUP BY t.seq, t.transaction_id
     ORDER BY t.seq LIMIT $4)
    ORDER BY seq
"""

# A standby that was promoted goes a way of its own: its numbers say nothing about this book.
FIND_REPLAYED_SEQ: Final = """
    SELECT seq, recorded_at FROM lane
    WHERE tenant_id = $1 AND book_id = $2 AND pg_is_in_recovery()
"""

DELETE_REFUSED: Final = """
    DELETE FROM refused_transaction WHERE tenant_id = $1 AND transaction_id IN (
        SELECT old.transaction_id FROM refused_transaction old
        WHERE old.tenant_id = $1 AND old.refused_at < $2 LIMIT $3
    )
"""

INSERT_BOOK: Final = """
    INSERT INTO book (tenant_id, book_id, name, time_zone, created_at)
    VALUES ($1, $2, $3, $4, $5)
"""

INSERT_ASSETS: Final = """
    INSERT INTO asset (tenant_id, book_id, code, scale)
    SELECT $1, $2, code, scale FROM unnest($3::text[], $4::smallint[]) AS new (code, scale)
"""

INSERT_LANE: Final = """
    INSERT INTO lane (tenant_id, book_id, epoch, version, seq, accounts, log_size, frontier, root,
        recorded_at, holder, lease_until)
    VALUES ($1, $2, 0, 0, 0, 0, 0, '', $3, $4, '', $4)
"""
