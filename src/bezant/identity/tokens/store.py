"""SQL of tokens."""

from typing import Final

INSERT_ACCESS: Final = """
    INSERT INTO access_token (tenant_id, jti_hash, client_id, grant_id, issued_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

INSERT_EXCHANGED: Final = """
    INSERT INTO access_token
        (tenant_id, jti_hash, client_id, grant_id, issued_at, expires_at, came_of)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

FIND_SOURCES: Final = """
    SELECT jti_hash, came_of FROM access_token
    WHERE tenant_id = $1 AND jti_hash = ANY ($2::bytea[])
"""

# Whether a token holds is one look-up: its own row, its client's, that of its grant, the one of
# the person who gave it, with what roles they have, and those of the tokens that it was exchanged
# for, whose clients may have ended too.
FIND_ACCESS: Final = """
    SELECT t.expires_at, t.revoked_at, t.grant_id, g.revoked_at AS grant_revoked_at,
           g.until AS grant_until, c.client_id IS NULL AS client_gone,
           c.disabled_at AS client_disabled_at, u.status AS user_status, u.roles AS user_roles,
           EXISTS (
               SELECT 1 FROM access_token AS s
               LEFT JOIN oauth_client AS o
                   ON o.tenant_id = s.tenant_id AND o.client_id = s.client_id
               WHERE s.tenant_id = $1 AND s.jti_hash = ANY (t.came_of)
                 AND (s.revoked_at IS NOT NULL OR o.client_id IS NULL
                      OR o.disabled_at IS NOT NULL)
           ) AS source_ended
    FROM access_token AS t
    LEFT JOIN oauth_grant AS g ON g.tenant_id = t.tenant_id AND g.grant_id = t.grant_id
    LEFT JOIN oauth_client AS c ON c.tenant_id = t.tenant_id AND c.client_id = t.client_id
    LEFT JOIN identity_user AS u ON u.tenant_id = g.tenant_id AND u.user_id = g.user_id
    WHERE t.tenant_id = $1 AND t.jti_hash = $2
"""

REVOKE_ACCESS: Final = """
    UPDATE access_token SET revoked_at = $4
    WHERE tenant_id = $1 AND jti_hash = $2 AND client_id = $3 AND revoked_at IS NULL
"""

DELETE_ACCESS: Final = """
    DELETE FROM access_token
    WHERE tenant_id = $1 AND jti_hash IN (
        SELECT jti_hash FROM access_token WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3
    )
"""

INSERT_REFRESH: Final = """
    INSERT INTO refresh_token (tenant_id, token_hash, client_id, grant_id, jkt, issued_at,
                               expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

FIND_REFRESH: Final = """
    SELECT client_id, grant_id, jkt, expires_at, spent_at, salt
    FROM refresh_token WHERE tenant_id = $1 AND token_hash = $2
"""

SPEND_REFRESH: Final = """
    UPDATE refresh_token SET spent_at = $3, salt = $4
    WHERE tenant_id = $1 AND token_hash = $2 AND spent_at IS NULL
    RETURNING token_hash
"""

DELETE_REFRESH: Final = """
    DELETE FROM refresh_token
    WHERE tenant_id = $1 AND token_hash IN (
        SELECT token_hash FROM refresh_token
        WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3
    )
"""
