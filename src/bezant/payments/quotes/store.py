"""SQL of payments between two assets."""

from typing import Final

INSERT_EXCHANGES: Final = """
    INSERT INTO payment_exchange (tenant_id, order_id, quote_id, bought_asset, bought)
    SELECT $1, order_id, quote_id, bought_asset, bought
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::numeric[])
        AS new (order_id, quote_id, bought_asset, bought)
"""

FIND: Final = """
    SELECT quote_id, bought_asset, bought
    FROM payment_exchange WHERE tenant_id = $1 AND order_id = $2
"""
