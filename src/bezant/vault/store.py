"""SQL of the vault's own rounds."""

from typing import Final

FIND_TENANTS: Final = """
    SELECT tenant_id FROM tenant WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2
"""
