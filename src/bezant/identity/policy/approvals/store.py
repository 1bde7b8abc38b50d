"""SQL of approvals."""

from typing import Final

INSERT: Final = """
    INSERT INTO approval
        (tenant_id, approval_id, operation, scope, method, path, body, fingerprint, reason, state,
         requested_by, requested_by_user, requested_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10, $11, $12, $13)
"""

FIND: Final = """
    SELECT approval_id, operation, scope, method, path, body, fingerprint, reason, state,
           requested_by, requested_by_user, requested_at, expires_at, decided_by, decided_at,
           used_key, used_at
    FROM approval WHERE tenant_id = $1 AND approval_id = $2
"""

# Identifiers increase with time, so their order is the order of asking.
LIST: Final = """
    SELECT approval_id, operation, scope, method, path, body, fingerprint, reason, state,
           requested_by, requested_by_user, requested_at, expires_at, decided_by, decided_at,
           used_key, used_at
    FROM approval WHERE tenant_id = $1 AND approval_id > $2
    ORDER BY approval_id LIMIT $3
"""

# Of two who decide at once the second finds it decided. The body has been seen, and goes.
DECIDE: Final = """
    UPDATE approval SET state = $3, decided_by = $4, decided_by_user = $5, decided_at = $6,
                        body = NULL
    WHERE tenant_id = $1 AND approval_id = $2 AND state = 'pending' AND expires_at > $6
"""

# Kept beyond its end as long as the idempotency record of the request that it was used for, which a
# repeat of it still finds.
DELETE_OVER: Final = """
    DELETE FROM approval
    WHERE tenant_id = $1 AND approval_id IN (
        SELECT approval_id FROM approval WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3
    )
"""

# Of many who use it at once one does.
USE: Final = """
    UPDATE approval SET state = 'used', used_key = $3, used_at = $4
    WHERE tenant_id = $1 AND approval_id = $2 AND state = 'approved' AND expires_at > $4
      AND requested_by = $5 AND operation = $6 AND scope = $7 AND fingerprint = $8
"""
