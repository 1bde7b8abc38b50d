"""SQL of sealed fields."""

from typing import Final

INSERT_SUBJECTS: Final = """
    INSERT INTO vault_subject (tenant_id, subject_id, state, created_at, changed_at)
    SELECT $1, subject_id, 'active', $3, $3 FROM unnest($2::uuid[]) AS new (subject_id)
    ON CONFLICT (tenant_id, subject_id) DO NOTHING
"""

FIND_SUBJECTS: Final = """
    SELECT subject_id, state, key_floor FROM vault_subject
    WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[])
"""

INSERT_VALUES: Final = """
    INSERT INTO vault_value (tenant_id, reference, version, subject_id, field, key_version, sealed,
        created_at, kept_at, expires_at)
    SELECT $1, reference, version, subject_id, field, key_version, sealed, $9, kept_at, expires_at
    FROM unnest($2::uuid[], $3::integer[], $4::uuid[], $5::text[], $6::integer[], $7::bytea[],
                $8::timestamptz[], $10::timestamptz[])
        AS new (reference, version, subject_id, field, key_version, sealed, expires_at, kept_at)
    ON CONFLICT (tenant_id, reference, version) DO NOTHING
"""

INSERT_INDEX: Final = """
    INSERT INTO vault_index (tenant_id, field, digest, reference, key_version, form)
    SELECT $1, field, digest, reference, key_version, form
    FROM unnest($2::text[], $3::bytea[], $4::uuid[], $5::integer[], $6::text[])
        AS new (field, digest, reference, key_version, form)
    ON CONFLICT (tenant_id, field, digest, reference) DO NOTHING
"""

FIND_CURRENT: Final = """
    SELECT reference, version, subject_id, field, key_version, sealed, kept_at
    FROM vault_value
    WHERE tenant_id = $1 AND reference = ANY($2::uuid[]) AND replaced_at IS NULL
"""

# By a look for each, not by a join: a planner that does not know the tables yet would go through
# all of them, for one value.
FIND_FOR_OPENING: Final = """
    SELECT reference, subject_id, field, key_version, sealed, (
            SELECT state FROM vault_subject
            WHERE vault_subject.tenant_id = vault_value.tenant_id
                AND vault_subject.subject_id = vault_value.subject_id
        ) AS subject_state
    FROM vault_value
    WHERE tenant_id = $1 AND reference = ANY($2::uuid[]) AND replaced_at IS NULL
"""

FIND_CLOSED: Final = """
    SELECT reference FROM vault_value
    WHERE tenant_id = $1 AND reference = ANY($2::uuid[]) AND replaced_at IS NULL
        AND (
            SELECT state FROM vault_subject
            WHERE vault_subject.tenant_id = vault_value.tenant_id
                AND vault_subject.subject_id = vault_value.subject_id
        ) <> 'active'
"""

# Whoever sealed them was killed, in whatever tenant.
FIND_PROVISIONAL: Final = """
    SELECT tenant_id, reference FROM vault_value
    WHERE kept_at IS NULL AND replaced_at IS NULL AND field = ANY($1::text[]) AND created_at < $2
    ORDER BY tenant_id, created_at LIMIT $3
"""

REPLACE_VALUES: Final = """
    UPDATE vault_value SET replaced_at = $3
    WHERE tenant_id = $1 AND reference = ANY($2::uuid[]) AND replaced_at IS NULL
"""

DELETE_INDEX: Final = """
    DELETE FROM vault_index WHERE tenant_id = $1 AND reference = ANY($2::uuid[])
"""

KEEP_VALUES: Final = """
    UPDATE vault_value SET kept_at = $3
    WHERE tenant_id = $1 AND reference = ANY($2::uuid[]) AND kept_at IS NULL
"""

DELETE_VALUES: Final = """
    DELETE FROM vault_value WHERE tenant_id = $1 AND reference = ANY($2::uuid[])
"""

FIND_BY_DIGEST: Final = """
    SELECT DISTINCT reference FROM vault_index
    WHERE tenant_id = $1 AND field = $2 AND digest = ANY($3::bytea[])
    ORDER BY reference LIMIT $4
"""

FIND_ACTIVE_KEYS: Final = """
    SELECT kind, version FROM vault_key
    WHERE tenant_id = $1 AND kind = ANY($2::text[]) AND state = 'active'
"""
