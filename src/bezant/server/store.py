"""The server's own SQL."""

from typing import Final

# Several hosts may start at once.
INSERT_TENANT: Final = """
    INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id) DO NOTHING
"""

# Any tenant's: whether the vault was ever used.
FIND_VAULT_KEY: Final = """
    SELECT kind FROM vault_key LIMIT 1
"""
