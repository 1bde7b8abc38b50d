"""SQL of what comes in."""

from typing import Final

READ_INCOMING: Final = """
    SELECT incoming_id AS key, digest, order_id, refused, at FROM payment_incoming
    WHERE tenant_id = $1 AND incoming_id = ANY($2::uuid[])
"""

# Its key is what makes a transaction one credit: of two lanes that take it, one is decided again.
INSERT_INCOMING: Final = """
    INSERT INTO payment_incoming (tenant_id, incoming_id, institution_id, rail, sender_bic,
        transaction_id, digest, order_id, refused, at)
    SELECT $1, incoming_id, institution_id, rail, sender_bic, transaction_id, digest, order_id,
        refused, at
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[],
                $8::uuid[], $9::text[], $10::timestamptz[])
        AS new (incoming_id, institution_id, rail, sender_bic, transaction_id, digest, order_id,
                refused, at)
"""
