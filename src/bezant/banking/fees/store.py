"""SQL of fees."""

from typing import Final

INSERT_CHARGES: Final = """
    INSERT INTO fee_charge (tenant_id, account_id, charge_id, code, asset, day, gross, net, vat,
        outcome, reason, transaction_id, charged_at)
    SELECT $1, account_id, charge_id, code, asset, day, gross, net, vat, outcome, reason,
        transaction_id, charged_at
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::date[], $7::numeric[],
                $8::numeric[], $9::numeric[], $10::text[], $11::text[], $12::uuid[],
                $13::timestamptz[])
        AS new (account_id, charge_id, code, asset, day, gross, net, vat, outcome, reason,
                transaction_id, charged_at)
"""

READ_CHARGES: Final = """
    SELECT charge_id AS key, charge_id, code, asset, day, gross, net, vat, outcome, reason,
        transaction_id, charged_at
    FROM fee_charge
    WHERE tenant_id = $1 AND charge_id = ANY($2::uuid[])
"""

LIST_CHARGES: Final = """
    SELECT charge_id, code, asset, day, gross, net, vat, outcome, reason, transaction_id,
        charged_at
    FROM fee_charge
    WHERE tenant_id = $1 AND account_id = $2
    ORDER BY charged_at DESC, charge_id DESC
    LIMIT $3
"""
