"""SQL of roles."""

from typing import Final

FIND: Final = """
    SELECT role FROM user_role WHERE tenant_id = $1 AND user_id = $2 ORDER BY role
"""

DELETE_OTHERS: Final = """
    DELETE FROM user_role WHERE tenant_id = $1 AND user_id = $2 AND NOT (role = ANY($3::text[]))
"""

# Who has a role already keeps it as it was granted.
INSERT: Final = """
    INSERT INTO user_role (tenant_id, user_id, role, granted_by, granted_at)
    SELECT $1, $2, role, $4, $5 FROM unnest($3::text[]) AS new (role)
    ON CONFLICT (tenant_id, user_id, role) DO NOTHING
"""
