"""SQL of contacts."""

from typing import Final

INSERT: Final = """
    INSERT INTO contact (tenant_id, contact_id, subject_id, row_version, name_ref, email_ref,
        phone_ref, iban_ref, created_at, changed_at)
    VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $8)
"""

FIND: Final = """
    SELECT contact_id, subject_id, row_version, name_ref, email_ref, phone_ref, iban_ref,
           created_at, changed_at
    FROM contact WHERE tenant_id = $1 AND contact_id = $2
"""

# What was there stays: a value is rectified under its reference.
CHANGE: Final = """
    UPDATE contact
    SET row_version = row_version + 1, changed_at = $3, name_ref = coalesce(name_ref, $4),
        email_ref = coalesce(email_ref, $5), phone_ref = coalesce(phone_ref, $6),
        iban_ref = coalesce(iban_ref, $7)
    WHERE tenant_id = $1 AND contact_id = $2
"""

# Identifiers increase with time, so their order is the order of creation.
LIST: Final = """
    SELECT contact_id, subject_id, row_version, name_ref, email_ref, phone_ref, iban_ref,
           created_at, changed_at
    FROM contact WHERE tenant_id = $1 AND contact_id > $2
    ORDER BY contact_id LIMIT $3
"""

FIND_BY_REFERENCES: Final = """
    SELECT contact_id, subject_id, row_version, name_ref, email_ref, phone_ref, iban_ref,
           created_at, changed_at
    FROM contact
    WHERE tenant_id = $1 AND (email_ref = ANY($2::uuid[]) OR phone_ref = ANY($2::uuid[])
        OR iban_ref = ANY($2::uuid[]) OR name_ref = ANY($2::uuid[]))
    ORDER BY contact_id
"""
