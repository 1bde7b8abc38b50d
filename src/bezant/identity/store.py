"""Statements about tenants, as issuers."""

from typing import Final

FIND_TENANT: Final = "SELECT tenant_id FROM tenant WHERE tenant_id = $1"
