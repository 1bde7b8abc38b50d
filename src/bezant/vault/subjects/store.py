"""SQL of subjects. Statements on `subject_key` are for the second database."""

from typing import Final

FIND_SUBJECT: Final = """
    SELECT state, created_at, changed_at FROM vault_subject
    WHERE tenant_id = $1 AND subject_id = $2
"""

COUNT_VALUES: Final = """
    SELECT field, count(*) FILTER (WHERE replaced_at IS NULL) AS current,
           count(*) FILTER (WHERE replaced_at IS NOT NULL) AS former
    FROM vault_value WHERE tenant_id = $1 AND subject_id = $2
    GROUP BY field ORDER BY field
"""

SET_STATE: Final = """
    UPDATE vault_subject SET state = $3, changed_at = $4
    WHERE tenant_id = $1 AND subject_id = $2 AND state <> 'erased'
"""

# Legal holds -------------------------------------------------------------------------------------

FIND_HOLDS: Final = """
    SELECT hold_id, reason, until, placed_by, placed_at, released_by, released_at FROM vault_hold
    WHERE tenant_id = $1 AND subject_id = $2
    ORDER BY hold_id
"""

FIND_STANDING_HOLD: Final = """
    SELECT hold_id, reason, until FROM vault_hold
    WHERE tenant_id = $1 AND subject_id = $2 AND released_at IS NULL
        AND (until IS NULL OR until > $3)
    ORDER BY hold_id LIMIT 1
"""

INSERT_HOLD: Final = """
    INSERT INTO vault_hold (tenant_id, subject_id, hold_id, reason, until, placed_by, placed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

RELEASE_HOLD: Final = """
    UPDATE vault_hold SET released_by = $4, released_at = $5
    WHERE tenant_id = $1 AND subject_id = $2 AND hold_id = $3 AND released_at IS NULL
"""

# Retention ---------------------------------------------------------------------------------------

FIND_RULES: Final = """
    SELECT field, keep_days, reason, changed_at FROM vault_retention
    WHERE tenant_id = $1 ORDER BY field
"""

SET_RULE: Final = """
    INSERT INTO vault_retention (tenant_id, field, keep_days, reason, changed_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, field) DO UPDATE
    SET keep_days = excluded.keep_days, reason = excluded.reason, changed_at = excluded.changed_at
"""

DELETE_RULE: Final = "DELETE FROM vault_retention WHERE tenant_id = $1 AND field = $2"

# The newest value of each field that has to be kept.
FIND_KEPT_FIELDS: Final = """
    SELECT rule.field, keep_days, reason, max(value.created_at) AS newest_at
    FROM vault_retention AS rule
    JOIN vault_value AS value ON value.tenant_id = rule.tenant_id AND value.field = rule.field
    WHERE rule.tenant_id = $1 AND value.subject_id = $2
    GROUP BY rule.field, keep_days, reason ORDER BY rule.field
"""

FIND_TENANTS_WITH_EXPIRED: Final = """
    SELECT DISTINCT tenant_id FROM vault_value
    WHERE expires_at <= $1 AND tenant_id > $2
    ORDER BY tenant_id LIMIT $3
"""

# What a hold or a rule keeps is not due.
FIND_EXPIRED: Final = """
    SELECT reference, version, replaced_at IS NULL AS is_current
    FROM vault_value AS value
    WHERE tenant_id = $1 AND expires_at <= $2
        AND NOT EXISTS (
            SELECT 1 FROM vault_hold AS hold
            WHERE hold.tenant_id = $1 AND hold.subject_id = value.subject_id
                AND hold.released_at IS NULL AND (hold.until IS NULL OR hold.until > $2)
        )
        AND NOT EXISTS (
            SELECT 1 FROM vault_retention AS rule
            WHERE rule.tenant_id = $1 AND rule.field = value.field
                AND value.created_at + rule.keep_days * interval '1 day' > $2
        )
    ORDER BY expires_at LIMIT $3
"""

DELETE_EXPIRED: Final = """
    DELETE FROM vault_value WHERE tenant_id = $1 AND (reference, version) IN (
        SELECT reference, version FROM unnest($2::uuid[], $3::integer[]) AS old (reference, version)
    )
"""

DELETE_INDEX: Final = """
    DELETE FROM vault_index WHERE tenant_id = $1 AND reference = ANY($2::uuid[])
"""

# Export ------------------------------------------------------------------------------------------

FIND_VALUES: Final = """
    SELECT reference, version, field, key_version, sealed, created_at, replaced_at, expires_at
    FROM vault_value WHERE tenant_id = $1 AND subject_id = $2
    ORDER BY field, reference, version LIMIT $3
"""

FIND_ENTRIES: Final = """
    SELECT at, actor, action, resource, purpose, outcome FROM audit_entry
    WHERE tenant_id = $1 AND resource = ANY($2::text[]) AND resource LIKE '/v1/vault/%'
    ORDER BY entry_id DESC LIMIT $3
"""

# Erasure -----------------------------------------------------------------------------------------

FIND_ERASURE: Final = """
    SELECT tenant_id, subject_id, erasure_id, reason, decided_at, done_at FROM vault_erasure
    WHERE tenant_id = $1 AND subject_id = $2
"""

INSERT_ERASURE: Final = """
    INSERT INTO vault_erasure (tenant_id, subject_id, erasure_id, reason, decided_at)
    VALUES ($1, $2, $3, $4, $5)
"""

FIND_PENDING: Final = """
    SELECT tenant_id, subject_id, erasure_id, reason, decided_at FROM vault_erasure
    WHERE done_at IS NULL
    ORDER BY tenant_id, subject_id LIMIT $1
"""

FIND_HEAD: Final = """
    SELECT journal_no, journal_chain FROM vault_erasure
    WHERE journal_no IS NOT NULL
    ORDER BY journal_no DESC LIMIT 1
"""

FIND_DONE: Final = """
    SELECT subject_id FROM vault_erasure
    WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[]) AND done_at IS NOT NULL
        AND journal_no IS NOT NULL
"""

# A database from before may not know the subject at all.
INSERT_ERASED: Final = """
    INSERT INTO vault_subject (tenant_id, subject_id, state, created_at, changed_at)
    SELECT $1, subject_id, 'erased', at, at
    FROM unnest($2::uuid[], $3::timestamptz[]) AS new (subject_id, at)
    ON CONFLICT (tenant_id, subject_id) DO NOTHING
"""

SET_ERASED: Final = """
    UPDATE vault_subject SET state = 'erased', changed_at = new.at
    FROM unnest($2::uuid[], $3::timestamptz[]) AS new (subject_id, at)
    WHERE vault_subject.tenant_id = $1 AND vault_subject.subject_id = new.subject_id
        AND state <> 'erased'
"""

RECORD_ERASURES: Final = """
    INSERT INTO vault_erasure
        (tenant_id, subject_id, erasure_id, reason, decided_at, journal_no, journal_chain)
    SELECT $1, subject_id, erasure_id, reason, decided_at, journal_no, journal_chain
    FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::bigint[], $7::bytea[])
        AS new (subject_id, decided_at, erasure_id, reason, journal_no, journal_chain)
    ON CONFLICT (tenant_id, subject_id) DO UPDATE
    SET journal_no = excluded.journal_no, journal_chain = excluded.journal_chain
"""

DELETE_INDEX_OF_SUBJECTS: Final = """
    DELETE FROM vault_index WHERE tenant_id = $1 AND reference IN (
        SELECT reference FROM vault_value
        WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[])
    )
"""

DELETE_VALUES_OF_SUBJECTS: Final = """
    DELETE FROM vault_value WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[])
"""

SET_DONE: Final = """
    UPDATE vault_erasure SET done_at = $3
    WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[]) AND done_at IS NULL
"""

# What remains is that there was a key.
DESTROY_KEYS: Final = """
    UPDATE subject_key SET state = 'destroyed', wrapped = NULL, destroyed_at = $3
    WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[]) AND state <> 'destroyed'
"""

# A database of keys from before may have none: without a row one would be made.
INSERT_TOMBSTONES: Final = """
    INSERT INTO subject_key (tenant_id, subject_id, version, state, tenant_key_version, wrapped,
        messages, created_at, destroyed_at)
    SELECT $1, subject_id, 1, 'destroyed', 0, NULL, 0, $3, $3
    FROM unnest($2::uuid[]) AS new (subject_id)
    ON CONFLICT (tenant_id, subject_id, version) DO NOTHING
"""

# A journal that an operator accepts in place of a lost one.
FIND_ALL_ERASURES: Final = """
    SELECT tenant_id, subject_id, erasure_id, reason, decided_at FROM vault_erasure
    ORDER BY journal_no NULLS LAST, tenant_id, subject_id
"""

RENUMBER_ERASURES: Final = """
    UPDATE vault_erasure SET journal_no = new.journal_no, journal_chain = new.journal_chain
    FROM unnest($2::uuid[], $3::bigint[], $4::bytea[])
        AS new (subject_id, journal_no, journal_chain)
    WHERE vault_erasure.tenant_id = $1 AND vault_erasure.subject_id = new.subject_id
"""
