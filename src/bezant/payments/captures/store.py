"""SQL of authorisations and captures."""

from typing import Final

READ_TOTALS: Final = """
    SELECT order_id AS key, authorized, captured, released, refunded, increments, expires_at
    FROM payment_total WHERE tenant_id = $1 AND order_id = ANY($2::uuid[])
"""

SAVE_TOTALS: Final = """
    INSERT INTO payment_total (tenant_id, order_id, authorized, captured, released, refunded,
        increments, expires_at)
    SELECT $1, order_id, authorized, captured, released, refunded, increments, expires_at
    FROM unnest($2::uuid[], $3::numeric[], $4::numeric[], $5::numeric[], $6::numeric[],
                $7::integer[], $8::timestamptz[])
        AS new (order_id, authorized, captured, released, refunded, increments, expires_at)
    ON CONFLICT (tenant_id, order_id) DO UPDATE SET
        authorized = excluded.authorized, captured = excluded.captured,
        released = excluded.released, refunded = excluded.refunded,
        increments = excluded.increments
"""

INSERT_CAPTURES: Final = """
    INSERT INTO payment_capture (tenant_id, order_id, capture_id, amount, fee, vat, shared, net,
        fee_schedule_id, captured_at, captured_by)
    SELECT $1, order_id, capture_id, amount, fee, vat, shared, net, fee_schedule_id, captured_at,
        captured_by
    FROM unnest($2::uuid[], $3::uuid[], $4::numeric[], $5::numeric[], $6::numeric[],
                $7::numeric[], $8::numeric[], $9::uuid[], $10::timestamptz[], $11::text[])
        AS new (order_id, capture_id, amount, fee, vat, shared, net, fee_schedule_id, captured_at,
                captured_by)
"""

INSERT_SHARES: Final = """
    INSERT INTO payment_share (tenant_id, order_id, capture_id, account_id, amount)
    SELECT $1, order_id, capture_id, account_id, amount
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::numeric[])
        AS new (order_id, capture_id, account_id, amount)
"""

LIST_CAPTURES: Final = """
    SELECT capture_id, amount, fee, vat, net, fee_schedule_id, captured_at
    FROM payment_capture WHERE tenant_id = $1 AND order_id = $2 AND capture_id > $3
    ORDER BY capture_id LIMIT $4
"""

LIST_SHARES: Final = """
    SELECT capture_id, account_id, amount
    FROM payment_share
    WHERE tenant_id = $1 AND order_id = $2 AND capture_id = ANY($3::uuid[])
    ORDER BY capture_id, account_id
"""
