"""The server's own SQL."""

from typing import Final

# Several hosts may start at once.
INSERT_TENANT: Final = """
    INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id) DO NOTHING
"""
