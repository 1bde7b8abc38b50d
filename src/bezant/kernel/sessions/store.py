"""SQL of sessions."""

from typing import Final

INSERT: Final = """
    INSERT INTO session (tenant_id, session_id, secret_hash, subject, scopes, created_at,
        expires_at, idle_s, last_used_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $6, 1)
"""

FIND: Final = """
    SELECT session_id, secret_hash, subject, scopes, created_at, expires_at, idle_s, last_used_at,
        revoked_at, version
    FROM session WHERE tenant_id = $1 AND session_id = $2
"""

FIND_OF_SUBJECT: Final = """
    SELECT session_id, secret_hash, subject, scopes, created_at, expires_at, idle_s, last_used_at,
        revoked_at, version
    FROM session
    WHERE tenant_id = $1 AND subject = $2 AND revoked_at IS NULL AND expires_at > $3
    ORDER BY session_id DESC LIMIT $4
"""

# The conditions keep a session that has ended from coming back, and several processes to one write.
TOUCH: Final = """
    UPDATE session SET last_used_at = $3, version = version + 1
    WHERE tenant_id = $1 AND session_id = $2 AND revoked_at IS NULL AND last_used_at <= $4
"""

REVOKE: Final = """
    UPDATE session SET revoked_at = $3, version = version + 1
    WHERE tenant_id = $1 AND session_id = $2 AND revoked_at IS NULL
    RETURNING session_id
"""

REVOKE_THESE: Final = """
    UPDATE session SET revoked_at = $3, version = version + 1
    WHERE tenant_id = $1 AND session_id = ANY($2::uuid[]) AND revoked_at IS NULL
    RETURNING session_id
"""

REVOKE_ALL: Final = """
    UPDATE session SET revoked_at = $3, version = version + 1
    WHERE tenant_id = $1 AND subject = $2 AND revoked_at IS NULL
    RETURNING session_id
"""

FIND_REVOKED: Final = """
    SELECT session_id FROM session WHERE tenant_id = $1 AND revoked_at > $2 LIMIT $3
"""
