"""SQL of rotations. What is marked so runs in the second database, all else in the main one."""

from typing import Final

INSERT_ROTATION: Final = """
    INSERT INTO vault_rotation (tenant_id, rotation_id, kind, subject_id, from_version, state,
        total, done, failed, started_at)
    VALUES ($1, $2, $3, $4, $5, 'running', $6, 0, 0, $7)
"""

FIND_ROTATION: Final = """
    SELECT rotation_id, kind, subject_id, from_version, to_version, state, position, total, done,
           failed, started_at, ended_at, last_error
    FROM vault_rotation WHERE tenant_id = $1 AND rotation_id = $2
"""

# Identifiers increase with time, so their order is the order of beginning.
LIST_ROTATIONS: Final = """
    SELECT rotation_id, kind, subject_id, from_version, to_version, state, position, total, done,
           failed, started_at, ended_at, last_error
    FROM vault_rotation WHERE tenant_id = $1 AND rotation_id < $2
    ORDER BY rotation_id DESC LIMIT $3
"""

FIND_RUNNING_OF_KIND: Final = """
    SELECT rotation_id FROM vault_rotation
    WHERE tenant_id = $1 AND kind = $2 AND state = 'running'
"""

# Whatever was begun before this process, or beside it.
FIND_RUNNING: Final = """
    SELECT tenant_id, rotation_id FROM vault_rotation
    WHERE state = 'running' ORDER BY started_at, rotation_id
"""

SET_TO_VERSION: Final = """
    UPDATE vault_rotation SET to_version = $3 WHERE tenant_id = $1 AND rotation_id = $2
"""

SET_PROGRESS: Final = """
    UPDATE vault_rotation SET position = $3, failed = $4, last_error = NULL
    WHERE tenant_id = $1 AND rotation_id = $2 AND state = 'running'
"""

ADD_DONE: Final = """
    UPDATE vault_rotation SET done = done + $3 WHERE tenant_id = $1 AND rotation_id = $2
"""

SET_ERROR: Final = """
    UPDATE vault_rotation SET last_error = $3
    WHERE tenant_id = $1 AND rotation_id = $2 AND state = 'running'
"""

END_ROTATION: Final = """
    UPDATE vault_rotation SET state = 'done', failed = $3, ended_at = $4
    WHERE tenant_id = $1 AND rotation_id = $2 AND state = 'running'
"""

# -- the root

INSERT_ROOT: Final = """
    INSERT INTO vault_root (version, state, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (version) DO NOTHING
"""

RETIRE_ROOTS: Final = """
    UPDATE vault_root SET state = 'restore_only' WHERE version <> $1 AND state = 'active'
"""

FIND_ROOTS: Final = """
    SELECT version, state, created_at, emptied_at FROM vault_root ORDER BY created_at, version
"""

MARK_ROOTS_EMPTIED: Final = """
    UPDATE vault_root SET emptied_at = $2
    WHERE version <> $1 AND state = 'restore_only' AND emptied_at IS NULL
"""

DESTROY_ROOT: Final = """
    UPDATE vault_root SET state = 'destroyed' WHERE version = $1 AND state = 'restore_only'
"""

COUNT_KEYS: Final = "SELECT count(*) AS count FROM vault_key WHERE state <> 'destroyed'"

COUNT_KEYS_OF_ROOT: Final = """
    SELECT count(*) AS count FROM vault_key WHERE root_version = $1 AND state <> 'destroyed'
"""

COUNT_KEYS_OF_OTHER_ROOTS: Final = """
    SELECT count(*) AS count FROM vault_key WHERE root_version <> $1 AND state <> 'destroyed'
"""

FIND_KEYS_OF_OTHER_ROOTS: Final = """
    SELECT tenant_id, kind, version, root_version, wrapped FROM vault_key
    WHERE root_version <> $1 AND state <> 'destroyed' AND (tenant_id, kind, version) > ($2, $3, $4)
    ORDER BY tenant_id, kind, version LIMIT $5
"""

# Unless it was destroyed, or wrapped anew by another, meanwhile.
REWRAP_TENANT_KEYS: Final = """
    UPDATE vault_key SET root_version = new.to_root, wrapped = new.wrapped
    FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::bytea[])
        AS new (tenant_id, kind, version, from_root, to_root, wrapped)
    WHERE vault_key.tenant_id = new.tenant_id AND vault_key.kind = new.kind
      AND vault_key.version = new.version AND vault_key.root_version = new.from_root
      AND vault_key.state <> 'destroyed'
"""

# -- keys of tenants

FIND_TENANT_KEY: Final = """
    SELECT state, emptied_at FROM vault_key WHERE tenant_id = $1 AND kind = $2 AND version = $3
"""

LIST_TENANT_KEYS: Final = """
    SELECT kind, version, state, created_at, emptied_at, root_version FROM vault_key
    WHERE tenant_id = $1 ORDER BY kind, version
"""

MARK_TENANT_KEYS_EMPTIED: Final = """
    UPDATE vault_key SET emptied_at = $4
    WHERE tenant_id = $1 AND kind = $2 AND version < $3 AND state = 'restore_only'
      AND emptied_at IS NULL
"""

DESTROY_TENANT_KEY: Final = """
    UPDATE vault_key SET state = 'destroyed', wrapped = NULL
    WHERE tenant_id = $1 AND kind = $2 AND version = $3 AND state = 'restore_only'
"""

# In the second database.
RAISE_TENANT_KEY_FLOOR: Final = """
    INSERT INTO tenant_key_floor (tenant_id, version) VALUES ($1, $2)
    ON CONFLICT (tenant_id) DO UPDATE
        SET version = greatest(tenant_key_floor.version, excluded.version)
"""

# In the second database.
COUNT_SUBJECT_KEYS: Final = """
    SELECT count(*) AS count FROM subject_key WHERE tenant_id = $1 AND state <> 'destroyed'
"""

# In the second database.
COUNT_SUBJECT_KEYS_BELOW: Final = """
    SELECT count(*) AS count FROM subject_key
    WHERE tenant_id = $1 AND tenant_key_version < $2 AND state <> 'destroyed'
"""

# In the second database.
COUNT_SUBJECT_KEYS_UNDER: Final = """
    SELECT count(*) AS count FROM subject_key
    WHERE tenant_id = $1 AND tenant_key_version = $2 AND state <> 'destroyed'
"""

# In the second database.
FIND_SUBJECT_KEYS_BELOW: Final = """
    SELECT subject_id, version, tenant_key_version, wrapped FROM subject_key
    WHERE tenant_id = $1 AND tenant_key_version < $2 AND state <> 'destroyed'
      AND (subject_id, version) > ($3, $4)
    ORDER BY subject_id, version LIMIT $5
"""

# In the second database. Unless it was erased, or wrapped anew by another, meanwhile.
REWRAP_SUBJECT_KEYS: Final = """
    UPDATE subject_key SET tenant_key_version = new.to_version, wrapped = new.wrapped
    FROM unnest($2::uuid[], $3::integer[], $4::integer[], $5::integer[], $6::bytea[])
        AS new (subject_id, version, from_version, to_version, wrapped)
    WHERE subject_key.tenant_id = $1 AND subject_key.subject_id = new.subject_id
      AND subject_key.version = new.version AND subject_key.tenant_key_version = new.from_version
      AND subject_key.state <> 'destroyed'
"""

# -- keys of subjects

COUNT_VALUES: Final = """
    SELECT count(*) AS count FROM vault_value
    WHERE tenant_id = $1 AND ($2::uuid IS NULL OR subject_id = $2)
"""

# Subjects of later on have keys that are newer than the rotation.
FIND_SUBJECTS_AFTER: Final = """
    SELECT subject_id FROM vault_subject
    WHERE tenant_id = $1 AND subject_id > $2 AND created_at <= $3 AND state <> 'erased'
    ORDER BY subject_id LIMIT $4
"""

RAISE_KEY_FLOORS: Final = """
    UPDATE vault_subject SET key_floor = new.key_floor
    FROM unnest($2::uuid[], $3::integer[]) AS new (subject_id, key_floor)
    WHERE vault_subject.tenant_id = $1 AND vault_subject.subject_id = new.subject_id
      AND vault_subject.key_floor < new.key_floor
"""

FIND_VALUES_BELOW: Final = """
    SELECT reference, version, value.subject_id, field, key_version, sealed
    FROM vault_value AS value
    JOIN unnest($2::uuid[], $3::integer[]) AS floor (subject_id, key_floor)
        ON value.subject_id = floor.subject_id AND value.key_version < floor.key_floor
    WHERE value.tenant_id = $1 AND (reference, version) > ($4, $5)
    ORDER BY reference, version LIMIT $6
"""

COUNT_VALUES_BELOW: Final = """
    SELECT value.subject_id, count(*) AS count FROM vault_value AS value
    JOIN unnest($2::uuid[], $3::integer[]) AS floor (subject_id, key_floor)
        ON value.subject_id = floor.subject_id AND value.key_version < floor.key_floor
    WHERE value.tenant_id = $1 GROUP BY value.subject_id
"""

# A value is what it was under another key: who replaced or removed it meanwhile wins.
MOVE_VALUES: Final = """
    UPDATE vault_value SET key_version = new.to_key, sealed = new.sealed
    FROM unnest($2::uuid[], $3::integer[], $4::integer[], $5::integer[], $6::bytea[])
        AS new (reference, version, from_key, to_key, sealed)
    WHERE vault_value.tenant_id = $1 AND vault_value.reference = new.reference
      AND vault_value.version = new.version AND vault_value.key_version = new.from_key
"""

# In the second database.
MARK_SUBJECT_KEYS_EMPTIED: Final = """
    UPDATE subject_key SET emptied_at = $4
    FROM unnest($2::uuid[], $3::integer[]) AS floor (subject_id, version)
    WHERE subject_key.tenant_id = $1 AND subject_key.subject_id = floor.subject_id
      AND subject_key.version < floor.version AND subject_key.state = 'restore_only'
      AND subject_key.emptied_at IS NULL
"""

# In the second database.
LIST_SUBJECT_KEYS: Final = """
    SELECT version, state, created_at, emptied_at, messages FROM subject_key
    WHERE tenant_id = $1 AND subject_id = $2 ORDER BY version
"""

# In the second database.
COUNT_SUBJECT_KEYS_BY_STATE: Final = """
    SELECT state, count(*) AS count FROM subject_key WHERE tenant_id = $1
    GROUP BY state ORDER BY state
"""

# In the second database.
FIND_SUBJECT_KEYS_EMPTIED: Final = """
    SELECT subject_id, version FROM subject_key
    WHERE tenant_id = $1 AND ($2::uuid IS NULL OR subject_id = $2) AND state = 'restore_only'
      AND emptied_at <= $3 AND (subject_id, version) > ($4, $5)
    ORDER BY subject_id, version LIMIT $6
"""

FIND_KEYS_IN_USE: Final = """
    SELECT DISTINCT value.subject_id, value.key_version FROM vault_value AS value
    JOIN unnest($2::uuid[], $3::integer[]) AS emptied (subject_id, version)
        ON value.subject_id = emptied.subject_id AND value.key_version = emptied.version
    WHERE value.tenant_id = $1
"""

# In the second database.
DESTROY_SUBJECT_KEYS: Final = """
    UPDATE subject_key SET state = 'destroyed', wrapped = NULL, destroyed_at = $4
    FROM unnest($2::uuid[], $3::integer[]) AS emptied (subject_id, version)
    WHERE subject_key.tenant_id = $1 AND subject_key.subject_id = emptied.subject_id
      AND subject_key.version = emptied.version AND subject_key.state = 'restore_only'
"""

# -- keys of indexes

COUNT_ENTRIES: Final = """
    SELECT count(*) AS count FROM vault_index WHERE tenant_id = $1 AND field = $2
"""

COUNT_ENTRIES_BELOW: Final = """
    SELECT count(*) AS count FROM vault_index
    WHERE tenant_id = $1 AND field = $2 AND key_version < $3
"""

FIND_ENTRIES_BELOW: Final = """
    SELECT DISTINCT reference, form FROM vault_index
    WHERE tenant_id = $1 AND field = $2 AND key_version < $3 AND reference > $4
    ORDER BY reference LIMIT $5
"""

FIND_VALUES: Final = """
    SELECT reference, version, subject_id, field, key_version, sealed FROM vault_value
    WHERE tenant_id = $1 AND reference = ANY($2::uuid[]) AND replaced_at IS NULL
"""

FIND_VALUE_VERSIONS: Final = """
    SELECT reference, version FROM vault_value
    WHERE tenant_id = $1 AND reference = ANY($2::uuid[]) AND replaced_at IS NULL
"""

DELETE_ENTRIES_BELOW: Final = """
    DELETE FROM vault_index
    WHERE tenant_id = $1 AND field = $2 AND reference = ANY($3::uuid[]) AND key_version < $4
"""

INSERT_ENTRIES: Final = """
    INSERT INTO vault_index (tenant_id, field, digest, reference, key_version, form)
    SELECT $1, $2, digest, reference, $3, form
    FROM unnest($4::bytea[], $5::uuid[], $6::text[]) AS new (digest, reference, form)
    ON CONFLICT (tenant_id, field, digest, reference) DO NOTHING
"""
