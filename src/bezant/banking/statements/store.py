"""SQL of customers' statements."""

from typing import Final

FIND_CYCLES: Final = """
    SELECT version, cycle, since FROM statement_cycle
    WHERE tenant_id = $1 AND account_id = $2 ORDER BY version
"""

INSERT_CYCLE: Final = """
    INSERT INTO statement_cycle (tenant_id, account_id, version, cycle, since, set_at, set_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

INSERT_CONFIRMATION: Final = """
    INSERT INTO balance_confirmation (tenant_id, confirmation_id, account_id, on_day, purpose,
        balances, confirmed_at, confirmed_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

FIND_CONFIRMATION: Final = """
    SELECT confirmation_id, account_id, on_day, purpose, balances, confirmed_at
    FROM balance_confirmation WHERE tenant_id = $1 AND confirmation_id = $2
"""

INSERT_BATCHES: Final = """
    INSERT INTO statement_batch (tenant_id, account_id, transfer_id, batch_id)
    SELECT $1, account_id, transfer_id, batch_id
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS new (account_id, transfer_id, batch_id)
"""

FIND_BATCHES: Final = """
    SELECT transfer_id, batch_id FROM statement_batch
    WHERE tenant_id = $1 AND account_id = $2 AND transfer_id = ANY($3::uuid[])
"""

# Whether it is worth looking at all.
FIND_ANY_BATCH: Final = """
    SELECT 1 FROM statement_batch WHERE tenant_id = $1 AND account_id = $2 LIMIT 1
"""
