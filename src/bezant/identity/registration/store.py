"""SQL of registration."""

from typing import Final

# A name that is taken is told by no row.
INSERT_ISSUER: Final = """
    INSERT INTO software_statement_issuer
        (tenant_id, issuer_id, issuer, jwks, jwks_uri, profile, scopes, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (tenant_id, issuer) DO NOTHING
    RETURNING issuer_id
"""

# Identifiers increase with time, so their order is the order of creation.
LIST_ISSUERS: Final = """
    SELECT issuer_id, issuer, jwks, jwks_uri, profile, scopes, created_at
    FROM software_statement_issuer WHERE tenant_id = $1 AND issuer_id > $2
    ORDER BY issuer_id LIMIT $3
"""

FIND_ISSUER: Final = """
    SELECT issuer_id, issuer, jwks, jwks_uri, profile, scopes, created_at
    FROM software_statement_issuer WHERE tenant_id = $1 AND issuer = $2
"""

DELETE_ISSUER: Final = """
    DELETE FROM software_statement_issuer WHERE tenant_id = $1 AND issuer_id = $2
    RETURNING issuer_id, issuer, jwks, jwks_uri, profile, scopes, created_at
"""

INSERT_INITIAL: Final = """
    INSERT INTO initial_access_token
        (tenant_id, token_id, token_hash, name, profile, scopes, uses_left, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

LIST_INITIAL: Final = """
    SELECT token_id, name, profile, scopes, uses_left, created_at, expires_at, revoked_at
    FROM initial_access_token WHERE tenant_id = $1 AND token_id > $2
    ORDER BY token_id LIMIT $3
"""

READ_INITIAL: Final = """
    SELECT token_id, name, profile, scopes, uses_left, created_at, expires_at, revoked_at
    FROM initial_access_token WHERE tenant_id = $1 AND token_id = $2
"""

REVOKE_INITIAL: Final = """
    UPDATE initial_access_token SET revoked_at = $3
    WHERE tenant_id = $1 AND token_id = $2 AND revoked_at IS NULL
"""

FIND_INITIAL: Final = """
    SELECT token_id, profile, scopes
    FROM initial_access_token
    WHERE tenant_id = $1 AND token_hash = $2 AND uses_left > 0 AND expires_at > $3
      AND revoked_at IS NULL
"""

# Of those who come at once with a token for one use, one finds a use left.
USE_INITIAL: Final = """
    UPDATE initial_access_token SET uses_left = uses_left - 1
    WHERE tenant_id = $1 AND token_id = $2 AND uses_left > 0 AND expires_at > $3
      AND revoked_at IS NULL
    RETURNING token_id
"""

DELETE_INITIAL: Final = """
    DELETE FROM initial_access_token
    WHERE tenant_id = $1 AND token_id IN (
        SELECT token_id FROM initial_access_token
        WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3
    )
"""

INSERT_REGISTRATION: Final = """
    INSERT INTO client_registration
        (tenant_id, client_id, token_hash, limits, initial_access_token, statement_issuer,
         statement_id, statement_hash, software_id, software_version, registered_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

# What nobody can manage any more is not found: it was deleted, or its client disabled.
FIND_REGISTRATION: Final = """
    SELECT r.token_hash, r.former_token_hash, r.limits, r.statement_issuer, r.statement_id,
           r.statement_hash, r.software_id, r.software_version, r.registered_at, c.changed_at
    FROM client_registration AS r
    JOIN oauth_client AS c ON c.tenant_id = r.tenant_id AND c.client_id = r.client_id
    WHERE r.tenant_id = $1 AND r.client_id = $2 AND r.deleted_at IS NULL
      AND c.disabled_at IS NULL
"""

LIST_REGISTRATIONS: Final = """
    SELECT client_id, initial_access_token, statement_issuer, statement_id, software_id,
           software_version, registered_at, deleted_at
    FROM client_registration WHERE tenant_id = $1 AND client_id > $2
    ORDER BY client_id LIMIT $3
"""

# The token that was presented stays good until its successor was: an answer may be lost. Each
# update has a token of its own, which tells that there was none since the row was looked at.
UPDATE_REGISTRATION: Final = """
    UPDATE client_registration
    SET token_hash = $4, former_token_hash = $3, limits = $5, statement_id = $6,
        statement_hash = $7, software_version = $8
    WHERE tenant_id = $1 AND client_id = $2 AND token_hash = $9
      AND (token_hash = $3 OR former_token_hash = $3)
    RETURNING client_id
"""

FORGET_FORMER: Final = """
    UPDATE client_registration SET former_token_hash = NULL
    WHERE tenant_id = $1 AND client_id = $2 AND token_hash = $3
"""

DELETE_REGISTRATION: Final = """
    UPDATE client_registration
    SET token_hash = NULL, former_token_hash = NULL, deleted_at = $4
    WHERE tenant_id = $1 AND client_id = $2 AND deleted_at IS NULL
      AND (token_hash = $3 OR former_token_hash = $3)
    RETURNING client_id
"""
