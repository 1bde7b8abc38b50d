"""SQL of grants."""

from typing import Final

INSERT: Final = """
    INSERT INTO oauth_grant (tenant_id, grant_id, client_id, user_id, login, scopes, details,
                             resources, until, created_at, derived_from)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

FIND: Final = """
    SELECT tenant_id, grant_id, client_id, login, scopes, details, resources, until, created_at,
           revoked_at, derived_from
    FROM oauth_grant WHERE tenant_id = $1 AND grant_id = $2
"""

# Identifiers increase with time, so their order is the order in which grants were given.
LIST: Final = """
    SELECT tenant_id, grant_id, client_id, login, scopes, details, resources, until, created_at,
           revoked_at, derived_from
    FROM oauth_grant WHERE tenant_id = $1 AND grant_id > $2
    ORDER BY grant_id LIMIT $3
"""

LIST_OF_USER: Final = """
    SELECT tenant_id, grant_id, client_id, login, scopes, details, resources, until, created_at,
           revoked_at, derived_from
    FROM oauth_grant WHERE tenant_id = $1 AND user_id = $4 AND grant_id > $2
    ORDER BY grant_id LIMIT $3
"""

LIST_OF_CLIENT: Final = """
    SELECT tenant_id, grant_id, client_id, login, scopes, details, resources, until, created_at,
           revoked_at, derived_from
    FROM oauth_grant WHERE tenant_id = $1 AND client_id = $4 AND grant_id > $2
    ORDER BY grant_id LIMIT $3
"""

LIST_OF_BOTH: Final = """
    SELECT tenant_id, grant_id, client_id, login, scopes, details, resources, until, created_at,
           revoked_at, derived_from
    FROM oauth_grant
    WHERE tenant_id = $1 AND user_id = $4 AND client_id = $5 AND grant_id > $2
    ORDER BY grant_id LIMIT $3
"""

REVOKE: Final = """
    UPDATE oauth_grant SET revoked_at = $3
    WHERE tenant_id = $1 AND grant_id = $2 AND revoked_at IS NULL
    RETURNING grant_id
"""

# What followed from a consent without a question ends with it.
REVOKE_CONSENT: Final = """
    UPDATE oauth_grant SET revoked_at = $3
    WHERE tenant_id = $1 AND (grant_id = $2 OR derived_from = $2) AND revoked_at IS NULL
    RETURNING grant_id
"""

# Consents only: what followed from one is none of its own.
FIND_COVERING: Final = """
    SELECT tenant_id, grant_id, client_id, login, scopes, details, resources, until, created_at,
           revoked_at, derived_from
    FROM oauth_grant
    WHERE tenant_id = $1 AND user_id = $2 AND client_id = $3 AND revoked_at IS NULL
          AND (until IS NULL OR until > $4) AND derived_from IS NULL
          AND scopes @> $5::text[] AND resources @> $6::text[] AND resources <@ $6::text[]
    ORDER BY grant_id DESC LIMIT 1
"""

REVOKE_OF_USER: Final = """
    UPDATE oauth_grant SET revoked_at = $3
    WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL
    RETURNING grant_id
"""

REVOKE_OF_CLIENT: Final = """
    UPDATE oauth_grant SET revoked_at = $3
    WHERE tenant_id = $1 AND client_id = $2 AND revoked_at IS NULL
    RETURNING grant_id
"""
