"""SQL of the ends of browser sessions, and of the clients that are told of them."""

from typing import Final

# Of a user who was disabled meanwhile, nothing stands either.
FIND_STANDING: Final = """
    SELECT s.session_id FROM identity_session AS s
    JOIN identity_user AS u ON u.tenant_id = s.tenant_id AND u.user_id = s.user_id
    WHERE s.tenant_id = $1 AND s.session_id = $2 AND s.ended_at IS NULL AND u.status = 'active'
"""

NOTE: Final = """
    INSERT INTO identity_session_client (tenant_id, session_id, client_id, logged_in_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, session_id, client_id)
    DO UPDATE SET logged_in_at = excluded.logged_in_at
"""

END: Final = """
    UPDATE identity_session SET ended_at = $3
    WHERE tenant_id = $1 AND session_id = ANY($2::uuid[]) AND ended_at IS NULL
    RETURNING session_id, user_id, token_id
"""

END_OF_USER: Final = """
    UPDATE identity_session SET ended_at = $3
    WHERE tenant_id = $1 AND user_id = $2 AND session_id <> $4 AND ended_at IS NULL
    RETURNING session_id, user_id, token_id
"""

# Taken away as they are read: whichever end of a session comes second finds nobody to tell.
TAKE_CLIENTS: Final = """
    DELETE FROM identity_session_client
    WHERE tenant_id = $1 AND session_id = ANY($2::uuid[])
    RETURNING session_id, client_id
"""

FIND_TOLD: Final = """
    SELECT client_id FROM oauth_client
    WHERE tenant_id = $1 AND client_id = ANY($2::uuid[]) AND backchannel_logout_uri IS NOT NULL
        AND disabled_at IS NULL
"""

DELETE_OLD: Final = """
    DELETE FROM identity_session_client
    WHERE tenant_id = $1 AND (session_id, client_id) IN (
        SELECT session_id, client_id FROM identity_session_client
        WHERE tenant_id = $1 AND logged_in_at < $2 ORDER BY logged_in_at LIMIT $3
    )
"""
