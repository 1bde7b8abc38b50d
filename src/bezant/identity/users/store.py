"""SQL of users."""

from typing import Final

INSERT: Final = """
    INSERT INTO identity_user (tenant_id, user_id, subject_id, status, roles, name_ref, email_ref,
        phone_ref, row_version, created_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)
"""

FIND: Final = """
    SELECT user_id, subject_id, status, roles, name_ref, email_ref, phone_ref, row_version,
        created_at, changed_at
    FROM identity_user WHERE tenant_id = $1 AND user_id = $2
"""

FIND_BY_EMAIL: Final = """
    SELECT user_id, subject_id, status, roles, name_ref, email_ref, phone_ref, row_version,
        created_at, changed_at
    FROM identity_user WHERE tenant_id = $1 AND email_ref = ANY($2::uuid[])
"""

# Identifiers increase with time, so their order is the order of creation.
LIST: Final = """
    SELECT user_id, subject_id, status, roles, name_ref, email_ref, phone_ref, row_version,
        created_at, changed_at
    FROM identity_user WHERE tenant_id = $1 AND user_id > $2
    ORDER BY user_id LIMIT $3
"""

FIND_BY_REFERENCES: Final = """
    SELECT name_ref, email_ref, phone_ref FROM identity_user
    WHERE tenant_id = $1 AND (email_ref = ANY($2::uuid[]) OR name_ref = ANY($2::uuid[])
        OR phone_ref = ANY($2::uuid[]))
"""

SET_STATUS: Final = """
    UPDATE identity_user SET status = $3, row_version = row_version + 1, changed_at = $4
    WHERE tenant_id = $1 AND user_id = $2 AND status <> $3
"""

# A disabled user is not brought back by an invitation that is still around.
ACTIVATE: Final = """
    UPDATE identity_user SET status = 'active', row_version = row_version + 1, changed_at = $3
    WHERE tenant_id = $1 AND user_id = $2 AND status = 'invited'
"""

SET_ROLES: Final = """
    UPDATE identity_user SET roles = $3, row_version = row_version + 1, changed_at = $4
    WHERE tenant_id = $1 AND user_id = $2
"""

FIND_STATUS: Final = """
    SELECT status FROM identity_user WHERE tenant_id = $1 AND user_id = $2
"""
