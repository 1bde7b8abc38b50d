"""SQL of API keys."""

from typing import Final

INSERT: Final = """
    INSERT INTO api_key (tenant_id, key_id, name, secret_hash, scopes, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

FIND: Final = """
    SELECT key_id, name, secret_hash, scopes, created_at, expires_at, revoked_at, last_used_at,
           replaced_by
    FROM api_key WHERE tenant_id = $1 AND key_id = $2
"""

# Identifiers increase with time, so their order is the order of creation.
LIST: Final = """
    SELECT key_id, name, scopes, created_at, expires_at, revoked_at, last_used_at, replaced_by
    FROM api_key WHERE tenant_id = $1 AND key_id > $2
    ORDER BY key_id LIMIT $3
"""

REPLACE: Final = """
    UPDATE api_key SET replaced_by = $3, expires_at = $4 WHERE tenant_id = $1 AND key_id = $2
"""

REVOKE: Final = """
    UPDATE api_key SET revoked_at = $3 WHERE tenant_id = $1 AND key_id = $2
"""

# The condition keeps several processes to one write a minute between them.
TOUCH: Final = """
    UPDATE api_key SET last_used_at = $3
    WHERE tenant_id = $1 AND key_id = $2 AND (last_used_at IS NULL OR last_used_at <= $4)
"""
