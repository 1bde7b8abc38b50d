"""SQL of refunds."""

from typing import Final

INSERT_REFUNDS: Final = """
    INSERT INTO payment_refund (tenant_id, order_id, refund_id, amount, reason, refunded_at,
        refunded_by)
    SELECT $1, order_id, refund_id, amount, reason, refunded_at, refunded_by
    FROM unnest($2::uuid[], $3::uuid[], $4::numeric[], $5::text[], $6::timestamptz[], $7::text[])
        AS new (order_id, refund_id, amount, reason, refunded_at, refunded_by)
"""

LIST: Final = """
    SELECT refund_id, amount, reason, refunded_at
    FROM payment_refund WHERE tenant_id = $1 AND order_id = $2 AND refund_id > $3
    ORDER BY refund_id LIMIT $4
"""
