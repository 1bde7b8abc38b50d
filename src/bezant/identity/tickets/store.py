"""SQL of tickets."""

from typing import Final

INSERT: Final = """
    INSERT INTO identity_ticket
        (tenant_id, ticket_hash, kind, user_id, content, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

FIND: Final = """
    SELECT kind, user_id, content FROM identity_ticket
    WHERE tenant_id = $1 AND ticket_hash = $2 AND kind = ANY($3::text[]) AND expires_at > $4
"""

# Whoever deletes the row has used the ticket; of many at once, one.
REDEEM: Final = """
    DELETE FROM identity_ticket
    WHERE tenant_id = $1 AND ticket_hash = $2 AND kind = ANY($3::text[]) AND expires_at > $4
    RETURNING kind, user_id, content
"""

REVOKE: Final = """
    DELETE FROM identity_ticket WHERE tenant_id = $1 AND user_id = $2 AND kind = ANY($3::text[])
"""

DELETE_OVER: Final = """
    DELETE FROM identity_ticket
    WHERE tenant_id = $1 AND ticket_hash IN (
        SELECT ticket_hash FROM identity_ticket
        WHERE tenant_id = $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3
    )
"""
