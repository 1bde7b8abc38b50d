"""SQL of browser sessions, and of attempts to begin one."""

from typing import Final

FIND_COUNTS: Final = """
    SELECT key_hash, failures, failed_at FROM identity_throttle
    WHERE tenant_id = $1 AND key_hash = ANY($2::bytea[]) AND failed_at > $3
"""

COUNT: Final = """
    INSERT INTO identity_throttle (tenant_id, key_hash, failures, failed_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, key_hash) DO UPDATE
    SET failures = excluded.failures, failed_at = excluded.failed_at
"""

UNCOUNT: Final = """
    UPDATE identity_throttle SET failures = failures - 1
    WHERE tenant_id = $1 AND key_hash = $2 AND failures > 0
"""

DELETE_COUNTS: Final = """
    DELETE FROM identity_throttle
    WHERE tenant_id = $1 AND key_hash IN (
        SELECT key_hash FROM identity_throttle
        WHERE tenant_id = $1 AND failed_at < $2 ORDER BY failed_at LIMIT $3
    )
"""

IS_KNOWN: Final = """
    SELECT seen_at FROM identity_browser
    WHERE tenant_id = $1 AND user_id = $2 AND device_hash = $3
"""

REMEMBER: Final = """
    INSERT INTO identity_browser (tenant_id, user_id, device_hash, seen_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, user_id, device_hash) DO UPDATE SET seen_at = excluded.seen_at
"""

INSERT: Final = """
    INSERT INTO identity_session (tenant_id, session_id, user_id, token_id, device_hash, proven,
        proven_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

# Under another token: the former one ended with the rotation.
STRENGTHEN: Final = """
    UPDATE identity_session SET token_id = $4, proven = $5, proven_at = $6
    WHERE tenant_id = $1 AND session_id = $2 AND token_id = $3 AND ended_at IS NULL
"""

# The user's state is looked at each time: whoever is disabled is out, whatever a cache says.
FIND_HELD: Final = """
    SELECT s.session_id, s.user_id, s.token_id, s.device_hash, s.proven, s.proven_at, s.created_at
    FROM identity_session AS s
    JOIN identity_user AS u ON u.tenant_id = s.tenant_id AND u.user_id = s.user_id
    WHERE s.tenant_id = $1 AND s.token_id = $2 AND s.ended_at IS NULL AND u.status = 'active'
"""

FIND_ALL_HELD: Final = """
    SELECT session_id, user_id, token_id, device_hash, proven, proven_at, created_at
    FROM identity_session
    WHERE tenant_id = $1 AND user_id = $2 AND token_id = ANY($3::uuid[]) AND ended_at IS NULL
    ORDER BY session_id DESC
"""

FIND_OWN: Final = """
    SELECT session_id FROM identity_session
    WHERE tenant_id = $1 AND session_id = $2 AND user_id = $3 AND ended_at IS NULL
"""

FIND_IN_BROWSER: Final = """
    SELECT session_id FROM identity_session
    WHERE tenant_id = $1 AND session_id = $2 AND user_id = $3 AND device_hash = $4
        AND ended_at IS NULL
"""
