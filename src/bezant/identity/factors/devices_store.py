"""SQL of devices, and of what users are asked on them."""

from typing import Final

FIND_KEYS: Final = """
    SELECT device_id FROM identity_device WHERE tenant_id = $1 AND user_id = $2
"""

INSERT_DEVICE: Final = """
    INSERT INTO identity_device (tenant_id, device_id, user_id, public_key, created_at)
    VALUES ($1, $2, $3, $4, $5)
"""

FIND_DEVICE: Final = """
    SELECT user_id, public_key FROM identity_device WHERE tenant_id = $1 AND device_id = $2
"""

USE_DEVICE: Final = """
    UPDATE identity_device SET last_used_at = $3 WHERE tenant_id = $1 AND device_id = $2
"""

INSERT_APPROVAL: Final = """
    INSERT INTO identity_approval
        (tenant_id, approval_id, user_id, sealed, digest, state, asked_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, 'asked', $6, $7)
"""

FIND_ASKED: Final = """
    SELECT approval_id, sealed, expires_at FROM identity_approval
    WHERE tenant_id = $1 AND user_id = $2 AND state = 'asked' AND expires_at > $3
    ORDER BY approval_id
"""

FIND_APPROVAL: Final = """
    SELECT user_id, digest, state, expires_at FROM identity_approval
    WHERE tenant_id = $1 AND approval_id = $2
"""

# Whoever is first decides.
DECIDE: Final = """
    UPDATE identity_approval SET state = $3, device_id = $4, decided_at = $5
    WHERE tenant_id = $1 AND approval_id = $2 AND state = 'asked' AND expires_at > $5
    RETURNING approval_id
"""

# An approval is good for one thing.
TAKE: Final = """
    UPDATE identity_approval SET state = 'used'
    WHERE tenant_id = $1 AND approval_id = $2 AND user_id = $3 AND state = 'approved'
        AND digest = $4 AND expires_at > $5
    RETURNING decided_at
"""

DELETE_OVER: Final = """
    DELETE FROM identity_approval
    WHERE tenant_id = $1 AND approval_id IN (
        SELECT approval_id FROM identity_approval
        WHERE tenant_id = $1 AND expires_at < $2 ORDER BY approval_id LIMIT $3
    )
"""
