"""SQL of standing orders."""

from typing import Final

READ: Final = """
    SELECT standing_id AS key, ledger_book, debtor_account, status, row_version, rule, asset,
        amount, sealed, next_no, next_on, made, failed, created_at
    FROM standing_order
    WHERE tenant_id = $1 AND standing_id = ANY($2::uuid[])
"""

SAVE: Final = """
    INSERT INTO standing_order (tenant_id, standing_id, ledger_book, debtor_account, status,
        row_version, rule, asset, amount, sealed, next_no, next_on, made, failed, created_at)
    SELECT $1, standing_id, ledger_book, debtor_account, status, row_version, rule, asset, amount,
        sealed, next_no, next_on, made, failed, created_at
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::bytea[],
                $8::text[], $9::numeric[], $10::bytea[], $11::integer[], $12::date[],
                $13::integer[], $14::integer[], $15::timestamptz[])
        AS new (standing_id, ledger_book, debtor_account, status, row_version, rule, asset, amount,
                sealed, next_no, next_on, made, failed, created_at)
    ON CONFLICT (tenant_id, standing_id) DO UPDATE SET
        status = excluded.status, row_version = excluded.row_version, rule = excluded.rule,
        amount = excluded.amount, next_no = excluded.next_no, next_on = excluded.next_on,
        made = excluded.made, failed = excluded.failed
"""

# Its key says that a day is dealt with once.
INSERT_OCCURRENCES: Final = """
    INSERT INTO standing_occurrence (tenant_id, standing_id, occurrence_no, day, order_id, code,
        recorded_at)
    SELECT $1, standing_id, occurrence_no, day, order_id, code, recorded_at
    FROM unnest($2::uuid[], $3::integer[], $4::date[], $5::uuid[], $6::text[], $7::timestamptz[])
        AS new (standing_id, occurrence_no, day, order_id, code, recorded_at)
"""

LIST_OF_DEBTOR: Final = """
    SELECT standing_id AS key, ledger_book, debtor_account, status, row_version, rule, asset,
        amount, sealed, next_no, next_on, made, failed, created_at
    FROM standing_order
    WHERE tenant_id = $1 AND debtor_account = $2 AND standing_id > $3
    ORDER BY standing_id LIMIT $4
"""

LIST_OCCURRENCES: Final = """
    SELECT occurrence_no, day, order_id, code, recorded_at FROM standing_occurrence
    WHERE tenant_id = $1 AND standing_id = $2 AND occurrence_no > $3
    ORDER BY occurrence_no LIMIT $4
"""
