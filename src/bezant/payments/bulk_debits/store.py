"""SQL of files of direct debits."""

from typing import Final

# The initiator's name of a file is taken once: whoever comes second inserts nothing.
INSERT_FILE: Final = """
    INSERT INTO bulk_debit (tenant_id, bulk_id, initiator, message, sealed, item_count, created_at,
        created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (tenant_id, initiator, message) DO NOTHING
    RETURNING bulk_id
"""

# And so is what a collection will be known by, which follows from its name: those that are
# returned were free.
INSERT_ITEMS: Final = """
    INSERT INTO bulk_debit_item (tenant_id, bulk_id, item_no, chunk_no, debit_id, outcome, code,
        sealed, creditor_account, recorded_at)
    SELECT $1, $2, item_no, chunk_no, debit_id, outcome, code, sealed, creditor_account, $10
    FROM unnest($3::integer[], $4::integer[], $5::uuid[], $6::text[], $7::text[], $8::bytea[],
                $9::uuid[])
        AS new (item_no, chunk_no, debit_id, outcome, code, sealed, creditor_account)
    ON CONFLICT (tenant_id, debit_id) DO NOTHING
    RETURNING item_no
"""

# What is refused is not known by anything: its name is free again.
SAVE_OUTCOMES: Final = """
    UPDATE bulk_debit_item SET outcome = new.outcome, code = new.code,
        debit_id = CASE WHEN new.code IS NULL THEN debit_id END, recorded_at = new.recorded_at
    FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::text[], $6::timestamptz[])
        AS new (bulk_id, item_no, outcome, code, recorded_at)
    WHERE bulk_debit_item.tenant_id = $1 AND bulk_debit_item.bulk_id = new.bulk_id
        AND bulk_debit_item.item_no = new.item_no
"""

FIND_FILE: Final = """
    SELECT bulk_id, sealed, item_count, created_at, created_by
    FROM bulk_debit WHERE tenant_id = $1 AND bulk_id = $2
"""

FIND_WAITING: Final = """
    SELECT item_no, debit_id, sealed FROM bulk_debit_item
    WHERE tenant_id = $1 AND bulk_id = $2 AND chunk_no = $3 AND outcome = 'waiting'
    ORDER BY item_no
"""

COUNT_ITEMS: Final = """
    SELECT i.outcome, d.state, count(*) AS items
    FROM bulk_debit_item AS i
    LEFT JOIN direct_debit AS d ON d.tenant_id = $1 AND d.debit_id = i.debit_id
    WHERE i.tenant_id = $1 AND i.bulk_id = $2
    GROUP BY i.outcome, d.state ORDER BY i.outcome, d.state
"""

LIST_ITEMS: Final = """
    SELECT i.item_no, i.debit_id, i.outcome, i.code, i.sealed, i.creditor_account,
        d.debtor_account, d.state, d.reason
    FROM bulk_debit_item AS i
    LEFT JOIN direct_debit AS d ON d.tenant_id = $1 AND d.debit_id = i.debit_id
    WHERE i.tenant_id = $1 AND i.bulk_id = $2 AND i.item_no > $3
    ORDER BY i.item_no LIMIT $4
"""
