"""SQL of tokens."""

from typing import Final

# A token that is used many times stands for a value of a subject once in each format. Digests are
# those under every version of the key. LATERAL, since a planner that does not know the table yet
# would go through all of a tenant's tokens for each row of the other side.
FIND_SAME: Final = """
    SELECT same.token, same.kind, same.format, same.subject_id, same.name, same.brand, same.bin,
        same.last_four, same.is_single_use, same.created_at, same.expires_at, same.used_at,
        same.revoked_at, same.reference, same.expiry_reference, same.holder_reference,
        same.fingerprint
    FROM unnest($2::uuid[], $3::bytea[], $4::text[]) AS asked (subject_id, fingerprint, format)
    CROSS JOIN LATERAL (
        SELECT token, kind, format, subject_id, name, brand, bin, last_four, is_single_use,
            created_at, expires_at, used_at, revoked_at, reference, expiry_reference,
            holder_reference, fingerprint
        FROM vault_token WHERE vault_token.tenant_id = $1
            AND vault_token.subject_id = asked.subject_id
            AND vault_token.fingerprint = asked.fingerprint
            AND vault_token.format = asked.format
            AND NOT vault_token.is_single_use AND vault_token.revoked_at IS NULL
        LIMIT 1
    ) AS same
"""

# Whichever is taken already is not among the answers, and is drawn again.
INSERT_TOKENS: Final = """
    INSERT INTO vault_token (tenant_id, token, kind, format, subject_id, name, reference,
        expiry_reference, holder_reference, fingerprint, fingerprint_version, is_single_use, brand,
        bin, last_four, created_at, expires_at)
    SELECT $1, token, kind, format, subject_id, name, reference, expiry_reference,
        holder_reference, fingerprint, $2, is_single_use, brand, bin, last_four, $3, expires_at
    FROM unnest($4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::uuid[],
                $10::uuid[], $11::uuid[], $12::bytea[], $13::boolean[], $14::text[], $15::text[],
                $16::text[], $17::timestamptz[])
        AS new (token, kind, format, subject_id, name, reference, expiry_reference,
                holder_reference, fingerprint, is_single_use, brand, bin, last_four, expires_at)
    ON CONFLICT (tenant_id, token) DO NOTHING
    RETURNING token
"""

REFRESH_TOKENS: Final = """
    UPDATE vault_token SET expires_at = new.expires_at, expiry_reference = new.expiry_reference,
        holder_reference = new.holder_reference
    FROM unnest($2::text[], $3::timestamptz[], $4::uuid[], $5::uuid[])
        AS new (token, expires_at, expiry_reference, holder_reference)
    WHERE vault_token.tenant_id = $1 AND vault_token.token = new.token
"""

FIND_TOKENS: Final = """
    SELECT token, kind, format, subject_id, name, brand, bin, last_four, is_single_use, created_at,
        expires_at, used_at, revoked_at, reference, expiry_reference, holder_reference
    FROM vault_token WHERE tenant_id = $1 AND token = ANY($2::text[])
"""

USE_TOKENS: Final = """
    UPDATE vault_token SET used_at = $3
    WHERE tenant_id = $1 AND token = ANY($2::text[]) AND is_single_use AND used_at IS NULL
"""

REVOKE: Final = """
    UPDATE vault_token SET revoked_at = $3 WHERE tenant_id = $1 AND token = $2
"""

FIND_BY_FINGERPRINT: Final = """
    SELECT token, kind, format, subject_id, name, brand, bin, last_four, is_single_use, created_at,
        expires_at, used_at, revoked_at, reference, expiry_reference, holder_reference
    FROM vault_token WHERE tenant_id = $1 AND fingerprint = ANY($2::bytea[])
        AND ($3::uuid IS NULL OR subject_id = $3)
    ORDER BY created_at DESC, token LIMIT $4
"""

DELETE_TOKENS: Final = """
    DELETE FROM vault_token WHERE tenant_id = $1 AND token = ANY($2::text[])
"""

FIND_EXPIRED: Final = """
    SELECT token, kind, format, subject_id, name, brand, bin, last_four, is_single_use, created_at,
        expires_at, used_at, revoked_at, reference, expiry_reference, holder_reference
    FROM vault_token WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3
"""

COUNT_TOKENS: Final = "SELECT count(*) FROM vault_token WHERE tenant_id = $1"

FIND_FINGERPRINTS_BELOW: Final = """
    SELECT reference, kind, name FROM vault_token
    WHERE tenant_id = $1 AND fingerprint_version < $2 AND reference > $3
    ORDER BY reference LIMIT $4
"""

COUNT_FINGERPRINTS_BELOW: Final = """
    SELECT count(*) FROM vault_token WHERE tenant_id = $1 AND fingerprint_version < $2
"""

REPLACE_FINGERPRINTS: Final = """
    UPDATE vault_token SET fingerprint = new.fingerprint, fingerprint_version = $2
    FROM unnest($3::uuid[], $4::bytea[]) AS new (reference, fingerprint)
    WHERE vault_token.tenant_id = $1 AND vault_token.reference = new.reference
      AND vault_token.fingerprint_version < $2
"""

FIND_OF_SUBJECT: Final = """
    SELECT token, kind, name, brand, last_four, created_at FROM vault_token
    WHERE tenant_id = $1 AND subject_id = $2 ORDER BY created_at, token LIMIT $3
"""

DELETE_OF_SUBJECTS: Final = """
    DELETE FROM vault_token WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[])
"""
