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

# LATERAL, since a planner that does not know the table yet would go through all of a tenant's.
READ_WAIVERS: Final = """
    SELECT asked.key, standing.waivers
    FROM unnest($2::uuid[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_object('code', w.code, 'until', w.last_day)) AS waivers
        FROM fee_waiver AS w
        WHERE w.tenant_id = $1 AND w.account_id = asked.key AND w.ended_at IS NULL
    ) AS standing
    WHERE standing.waivers IS NOT NULL
"""

INSERT_WAIVER: Final = """
    INSERT INTO fee_waiver (tenant_id, account_id, waiver_id, code, last_day, reason, given_at,
        given_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

END_WAIVER: Final = """
    UPDATE fee_waiver SET ended_at = $4, ended_by = $5
    WHERE tenant_id = $1 AND account_id = $2 AND waiver_id = $3 AND ended_at IS NULL
    RETURNING waiver_id, code, last_day, reason, given_at, given_by, ended_at, ended_by
"""

LIST_WAIVERS: Final = """
    SELECT waiver_id, code, last_day, reason, given_at, given_by, ended_at, ended_by
    FROM fee_waiver WHERE tenant_id = $1 AND account_id = $2
    ORDER BY waiver_id
"""

READ_CHARGES: Final = """
    SELECT charge_id AS key, charge_id, code, asset, day, gross, net, vat, outcome, reason,
        transaction_id, charged_at
    FROM fee_charge
    WHERE tenant_id = $1 AND charge_id = ANY($2::uuid[])
"""

LIST_CHARGES: Final = """
    SELECT c.charge_id, c.code, c.asset, c.day, c.gross, c.net, c.vat, c.outcome, c.reason,
        c.transaction_id, c.charged_at, r.returned_at AS given_back_at
    FROM fee_charge AS c
    LEFT JOIN fee_return AS r ON r.tenant_id = $1 AND r.charge_id = c.charge_id
    WHERE c.tenant_id = $1 AND c.account_id = $2
    ORDER BY c.charged_at DESC, c.charge_id DESC
    LIMIT $3
"""

INSERT_RETURNABLE: Final = """
    INSERT INTO fee_returnable (tenant_id, subject_id, account_id, asset, parts, charged_at)
    SELECT $1, subject_id, account_id, asset, parts, charged_at
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::timestamptz[])
        AS new (subject_id, account_id, asset, parts, charged_at)
"""

READ_RETURNABLE: Final = """
    SELECT subject_id AS key, account_id, asset, parts FROM fee_returnable
    WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[])
"""

# Its key is the compare-and-set: a fee is given back once.
INSERT_RETURNS: Final = """
    INSERT INTO fee_return (tenant_id, charge_id, account_id, gross, net, vat, transaction_id,
        returned_at)
    SELECT $1, charge_id, account_id, gross, net, vat, transaction_id, returned_at
    FROM unnest($2::uuid[], $3::uuid[], $4::numeric[], $5::numeric[], $6::numeric[], $7::uuid[],
                $8::timestamptz[])
        AS new (charge_id, account_id, gross, net, vat, transaction_id, returned_at)
"""
