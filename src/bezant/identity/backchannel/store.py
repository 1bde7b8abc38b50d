"""SQL of backchannel authentication requests."""

from typing import Final

INSERT: Final = """
    INSERT INTO backchannel_request (tenant_id, id_hash, client_id, user_id, approval_id, delivery,
                                     sealed, interval_s, asked_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

FIND_OF_USER: Final = """
    SELECT client_id, expires_at FROM backchannel_request
    WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3
"""

FIND: Final = """
    SELECT user_id, approval_id, sealed, interval_s, polled_at, expires_at
    FROM backchannel_request
    WHERE tenant_id = $1 AND id_hash = $2 AND client_id = $3
"""

PACE: Final = """
    UPDATE backchannel_request SET interval_s = $3, polled_at = $4
    WHERE tenant_id = $1 AND id_hash = $2
"""

# Whoever deletes the row has the tokens; of many at once, one.
TAKE: Final = """
    DELETE FROM backchannel_request
    WHERE tenant_id = $1 AND id_hash = $2 AND client_id = $3 AND expires_at > $4
    RETURNING id_hash
"""

FIND_OF_APPROVAL: Final = """
    SELECT id_hash, client_id, sealed, expires_at FROM backchannel_request
    WHERE tenant_id = $1 AND approval_id = $2 AND delivery = 'ping'
"""

DELETE_OVER: Final = """
    DELETE FROM backchannel_request
    WHERE tenant_id = $1 AND id_hash IN (
        SELECT id_hash FROM backchannel_request
        WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3
    )
"""
