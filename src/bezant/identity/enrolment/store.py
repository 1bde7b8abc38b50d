"""SQL of what a person's export and erasure need to know of users."""

from typing import Final

FIND_OF_SUBJECT: Final = """
    SELECT user_id, status, roles, created_at FROM identity_user
    WHERE tenant_id = $1 AND subject_id = $2 ORDER BY user_id
"""

FIND_OF_SUBJECTS: Final = """
    SELECT user_id FROM identity_user WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[])
"""

DISABLE: Final = """
    UPDATE identity_user SET status = 'disabled', row_version = row_version + 1, changed_at = $3
    WHERE tenant_id = $1 AND user_id = ANY($2::uuid[]) AND status <> 'disabled'
"""

DELETE_PASSWORDS: Final = """
    DELETE FROM identity_password WHERE tenant_id = $1 AND user_id = ANY($2::uuid[])
"""

DELETE_TOTP: Final = """
    DELETE FROM identity_totp WHERE tenant_id = $1 AND user_id = ANY($2::uuid[])
"""

DELETE_RECOVERY_CODES: Final = """
    DELETE FROM identity_recovery_code WHERE tenant_id = $1 AND user_id = ANY($2::uuid[])
"""

DELETE_PASSKEYS: Final = """
    DELETE FROM identity_passkey WHERE tenant_id = $1 AND user_id = ANY($2::uuid[])
"""

DELETE_DEVICES: Final = """
    DELETE FROM identity_device WHERE tenant_id = $1 AND user_id = ANY($2::uuid[])
"""

DELETE_APPROVALS: Final = """
    DELETE FROM identity_approval WHERE tenant_id = $1 AND user_id = ANY($2::uuid[])
"""

DELETE_BACKCHANNEL_REQUESTS: Final = """
    DELETE FROM backchannel_request WHERE tenant_id = $1 AND user_id = ANY($2::uuid[])
"""

DELETE_TICKETS: Final = """
    DELETE FROM identity_ticket WHERE tenant_id = $1 AND user_id = ANY($2::uuid[])
"""

DELETE_BROWSERS: Final = """
    DELETE FROM identity_browser WHERE tenant_id = $1 AND user_id = ANY($2::uuid[])
"""
