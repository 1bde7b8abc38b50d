"""SQL of bulk payments."""

from typing import Final

# The initiator's name of a file is taken once: whoever comes second inserts nothing.
INSERT_BULK: Final = """
    INSERT INTO bulk_payment (tenant_id, bulk_id, initiator, message, format, sealed, item_count,
        booked_as_one, rail, party_id, created_at, created_by, payees, confirm_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (tenant_id, initiator, message) DO NOTHING
    RETURNING bulk_id
"""

# And so is the name of a payment; those that are returned were free.
INSERT_REFERENCES: Final = """
    INSERT INTO bulk_reference (tenant_id, reference, bulk_id, item_no)
    SELECT $1, reference, $2, item_no
    FROM unnest($3::bytea[], $4::integer[]) AS new (reference, item_no)
    ON CONFLICT (tenant_id, reference) DO NOTHING
    RETURNING item_no
"""

FREE_REFERENCES: Final = """
    DELETE FROM bulk_reference AS r
    USING unnest($2::uuid[], $3::integer[]) AS refused (bulk_id, item_no)
    WHERE r.tenant_id = $1 AND r.bulk_id = refused.bulk_id AND r.item_no = refused.item_no
"""

INSERT_ITEMS: Final = """
    INSERT INTO bulk_item (tenant_id, bulk_id, item_no, chunk_no, order_id, outcome, code, sealed,
        debtor_account, recorded_at)
    SELECT $1, $2, item_no, chunk_no, order_id, outcome, code, sealed, debtor_account, $10
    FROM unnest($3::integer[], $4::integer[], $5::uuid[], $6::text[], $7::text[], $8::bytea[],
                $9::uuid[])
        AS new (item_no, chunk_no, order_id, outcome, code, sealed, debtor_account)
"""

SAVE_OUTCOMES: Final = """
    UPDATE bulk_item SET outcome = new.outcome, code = new.code, recorded_at = new.recorded_at
    FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::text[], $6::timestamptz[])
        AS new (bulk_id, item_no, outcome, code, recorded_at)
    WHERE bulk_item.tenant_id = $1 AND bulk_item.bulk_id = new.bulk_id
        AND bulk_item.item_no = new.item_no
"""

FIND_BULK: Final = """
    SELECT b.bulk_id, b.format, b.sealed, b.item_count, b.booked_as_one, b.rail, b.party_id,
        b.created_at, b.created_by, b.payees, b.confirm_by, d.decision, d.withdrawn, d.decided_at,
        d.decided_by
    FROM bulk_payment AS b
    LEFT JOIN bulk_decision AS d ON d.tenant_id = $1 AND d.bulk_id = b.bulk_id
    WHERE b.tenant_id = $1 AND b.bulk_id = $2
"""

# A payment of a file and its payee's verification are known by one identifier.
FIND_UNVERIFIED: Final = """
    SELECT i.item_no, i.order_id, i.debtor_account, i.sealed FROM bulk_item AS i
    WHERE i.tenant_id = $1 AND i.bulk_id = $2 AND i.chunk_no = $3 AND i.outcome = 'waiting'
        AND NOT EXISTS (SELECT 1 FROM payee_verification AS v
                        WHERE v.tenant_id = $1 AND v.verification_id = i.order_id)
    ORDER BY i.item_no
"""

COUNT_VERDICTS: Final = """
    SELECT v.verdict, count(*) AS items
    FROM bulk_item AS i
    LEFT JOIN payee_verification AS v ON v.tenant_id = $1 AND v.verification_id = i.order_id
    WHERE i.tenant_id = $1 AND i.bulk_id = $2 AND i.outcome = 'waiting'
    GROUP BY v.verdict ORDER BY v.verdict
"""

FIND_VERDICTS: Final = """
    SELECT i.item_no, i.chunk_no, i.order_id, v.verdict
    FROM bulk_item AS i
    LEFT JOIN payee_verification AS v ON v.tenant_id = $1 AND v.verification_id = i.order_id
    WHERE i.tenant_id = $1 AND i.bulk_id = $2 AND i.outcome = 'waiting'
    ORDER BY i.item_no
"""

# A file is decided on once: whoever comes second inserts nothing.
INSERT_DECISION: Final = """
    INSERT INTO bulk_decision (tenant_id, bulk_id, decision, digest, withdrawn, decided_at,
        decided_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (tenant_id, bulk_id) DO NOTHING
    RETURNING bulk_id
"""

FIND_WAITING: Final = """
    SELECT item_no, order_id, sealed FROM bulk_item
    WHERE tenant_id = $1 AND bulk_id = $2 AND chunk_no = $3 AND outcome = 'waiting'
    ORDER BY item_no
"""

COUNT_ITEMS: Final = """
    SELECT i.outcome, o.state, count(*) AS items
    FROM bulk_item AS i
    LEFT JOIN payment_order AS o ON o.tenant_id = $1 AND o.order_id = i.order_id
    WHERE i.tenant_id = $1 AND i.bulk_id = $2
    GROUP BY i.outcome, o.state ORDER BY i.outcome, o.state
"""

LIST_ITEMS: Final = """
    SELECT i.item_no, i.order_id, i.outcome, i.code, i.sealed, i.debtor_account,
        o.creditor_account, o.state, o.reason, v.verdict
    FROM bulk_item AS i
    LEFT JOIN payment_order AS o ON o.tenant_id = $1 AND o.order_id = i.order_id
    LEFT JOIN payee_verification AS v ON v.tenant_id = $1 AND v.verification_id = i.order_id
    WHERE i.tenant_id = $1 AND i.bulk_id = $2 AND i.item_no > $3
    ORDER BY i.item_no LIMIT $4
"""
