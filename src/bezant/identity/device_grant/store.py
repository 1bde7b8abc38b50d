"""SQL of device authorizations."""

from typing import Final

# Two devices that wait never have the same code: whoever draws one that is taken draws again.
INSERT: Final = """
    INSERT INTO device_authorization (tenant_id, device_code_hash, user_code_hash, client_id,
                                      wanted, state, interval_s, issued_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8)
    ON CONFLICT (tenant_id, user_code_hash) DO NOTHING
    RETURNING device_code_hash
"""

# Of several browsers in which the code is typed the last one decides.
ENTER: Final = """
    UPDATE device_authorization SET interaction_id = $4, browser_hash = $5, begun_at = $3
    WHERE tenant_id = $1 AND user_code_hash = $2 AND state = 'pending' AND expires_at > $3
    RETURNING interaction_id
"""

FIND_INTERACTION: Final = """
    SELECT client_id, wanted, begun_at, expires_at FROM device_authorization
    WHERE tenant_id = $1 AND interaction_id = $2 AND browser_hash = $3 AND state = 'pending'
          AND expires_at > $4
"""

DECIDE: Final = """
    UPDATE device_authorization SET state = $5, grant_id = $6
    WHERE tenant_id = $1 AND interaction_id = $2 AND browser_hash = $3 AND state = 'pending'
          AND expires_at > $4
    RETURNING device_code_hash
"""

FIND: Final = """
    SELECT state, wanted, grant_id, interval_s, polled_at, expires_at FROM device_authorization
    WHERE tenant_id = $1 AND device_code_hash = $2 AND client_id = $3
"""

SET_PACE: Final = """
    UPDATE device_authorization SET interval_s = $3, polled_at = $4
    WHERE tenant_id = $1 AND device_code_hash = $2
"""

REDEEM: Final = """
    UPDATE device_authorization SET state = 'redeemed'
    WHERE tenant_id = $1 AND device_code_hash = $2 AND state = 'approved'
    RETURNING grant_id
"""

DELETE: Final = """
    DELETE FROM device_authorization
    WHERE tenant_id = $1 AND device_code_hash IN (
        SELECT device_code_hash FROM device_authorization
        WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3
    )
"""
