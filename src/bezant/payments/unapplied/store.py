"""SQL of money that waits. How much does is the ledger's to say: no sum is kept beside it."""

from typing import Final

READ_UNAPPLIED: Final = """
    SELECT unapplied_id AS key, ledger_book, institution_id, origin, asset, is_open, since
    FROM unapplied_money
    WHERE tenant_id = $1 AND unapplied_id = ANY($2::uuid[])
"""

# Money that comes after all was given away waits anew.
SAVE_UNAPPLIED: Final = """
    INSERT INTO unapplied_money (tenant_id, unapplied_id, ledger_book, institution_id, origin,
        asset, is_open, since)
    SELECT $1, unapplied_id, ledger_book, institution_id, origin, asset, is_open, since
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::boolean[],
                $8::timestamptz[])
        AS new (unapplied_id, ledger_book, institution_id, origin, asset, is_open, since)
    ON CONFLICT (tenant_id, unapplied_id) DO UPDATE SET
        is_open = excluded.is_open,
        since = CASE WHEN excluded.is_open AND NOT unapplied_money.is_open
            THEN excluded.since ELSE unapplied_money.since END
"""

INSERT_MOVEMENTS: Final = """
    INSERT INTO unapplied_movement (tenant_id, unapplied_id, movement_id, kind, amount, account_id,
        reason, at, actor)
    SELECT $1, unapplied_id, movement_id, kind, amount, account_id, reason, at, actor
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::uuid[], $7::text[],
                $8::timestamptz[], $9::text[])
        AS new (unapplied_id, movement_id, kind, amount, account_id, reason, at, actor)
"""

# With what waits of it, by the ledger.
FIND: Final = """
    SELECT u.unapplied_id, u.origin, u.institution_id, u.ledger_book, u.asset, u.since,
        b.credits_posted - b.debits_posted AS remaining
    FROM unapplied_money AS u
    JOIN account AS a ON a.tenant_id = $1 AND a.book_id = u.ledger_book
        AND a.account_id = 'unapplied:' || u.unapplied_id::text
    JOIN balance AS b ON b.tenant_id = $1 AND b.book_id = u.ledger_book
        AND b.account_no = a.account_no
    WHERE u.tenant_id = $1 AND u.unapplied_id = $2
"""

LIST: Final = """
    SELECT u.unapplied_id, u.origin, u.institution_id, u.ledger_book, u.asset, u.since,
        b.credits_posted - b.debits_posted AS remaining
    FROM unapplied_money AS u
    JOIN account AS a ON a.tenant_id = $1 AND a.book_id = u.ledger_book
        AND a.account_id = 'unapplied:' || u.unapplied_id::text
    JOIN balance AS b ON b.tenant_id = $1 AND b.book_id = u.ledger_book
        AND b.account_no = a.account_no
    WHERE u.tenant_id = $1 AND u.unapplied_id > $2 AND (u.is_open OR $3)
    ORDER BY u.unapplied_id LIMIT $4
"""

LIST_MOVEMENTS: Final = """
    SELECT movement_id, kind, amount, account_id, reason, at, actor
    FROM unapplied_movement
    WHERE tenant_id = $1 AND unapplied_id = $2
    ORDER BY at, movement_id
"""
