"""SQL of keys. Those of tenants are in the main database, those of subjects in the second one."""

from typing import Final

FIND_TENANT_KEYS: Final = """
    SELECT kind, version, state, root_version, wrapped FROM vault_key
    WHERE tenant_id = $1 AND kind = ANY($2::text[]) AND state <> 'destroyed'
    ORDER BY kind, version DESC
"""

# Whoever makes a kind's first key at the same time as another uses that one's.
INSERT_TENANT_KEY: Final = """
    INSERT INTO vault_key
        (tenant_id, kind, version, state, root_version, wrapped, created_at, rotation_id)
    VALUES ($1, $2, $3, 'active', $4, $5, $6, $7)
    ON CONFLICT (tenant_id, kind, version) DO NOTHING
"""

FIND_TENANT_KEY_VERSIONS: Final = """
    SELECT version, state, rotation_id FROM vault_key
    WHERE tenant_id = $1 AND kind = $2 ORDER BY version DESC
"""

RETIRE_TENANT_KEY: Final = """
    UPDATE vault_key SET state = 'restore_only'
    WHERE tenant_id = $1 AND kind = $2 AND state = 'active'
"""

# A version without a row was never rotated.
FIND_ROOT: Final = "SELECT state FROM vault_root WHERE version = $1"

FIND_SUBJECT_KEYS: Final = """
    SELECT subject_id, version, state, tenant_key_version, wrapped, messages FROM subject_key
    WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[])
    ORDER BY subject_id, version
"""

# Whoever makes a subject's key at the same time as another uses that one's.
INSERT_SUBJECT_KEYS: Final = """
    INSERT INTO subject_key (tenant_id, subject_id, version, state, tenant_key_version, wrapped,
        messages, created_at, rotation_id)
    SELECT $1, subject_id, version, 'active', $4, wrapped, messages, $7, $8
    FROM unnest($2::uuid[], $3::integer[], $5::bytea[], $6::bigint[])
        AS new (subject_id, version, wrapped, messages)
    ON CONFLICT (tenant_id, subject_id, version) DO NOTHING
"""

# The former key still opens what it has sealed.
RETIRE_SUBJECT_KEYS: Final = """
    UPDATE subject_key SET state = 'restore_only'
    WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[]) AND state = 'active'
"""

# Messages are counted before they are sealed, some at once, so that no crash leaves a key
# undercounted.
COUNT_MESSAGES: Final = """
    UPDATE subject_key SET messages = subject_key.messages + new.messages
    FROM unnest($2::uuid[], $3::integer[], $4::bigint[]) AS new (subject_id, version, messages)
    WHERE subject_key.tenant_id = $1 AND subject_key.subject_id = new.subject_id
      AND subject_key.version = new.version AND subject_key.state = 'active'
"""

FIND_TENANT_KEY_FLOOR: Final = "SELECT version FROM tenant_key_floor WHERE tenant_id = $1"

FIND_SUBJECT_KEY_VERSIONS: Final = """
    SELECT subject_id, version, state, rotation_id FROM subject_key
    WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[])
    ORDER BY subject_id, version
"""
