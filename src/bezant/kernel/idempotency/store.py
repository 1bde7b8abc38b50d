"""SQL of idempotency records."""

from typing import Final

FIND: Final = """
    SELECT key, salt, fingerprint, status, body FROM idempotency_record
    WHERE tenant_id = $1 AND key = ANY($2::text[])
"""

INSERT: Final = """
    INSERT INTO idempotency_record (tenant_id, key, salt, fingerprint, status, body, created_at)
    SELECT $1, key, salt, fingerprint, status, body, created_at
    FROM unnest($2::text[], $3::bytea[], $4::bytea[], $5::smallint[], $6::bytea[],
    $7::timestamptz[]) AS new (key, salt, fingerprint, status, body, created_at)
"""

CONSTRAINT: Final = "idempotency_record_pkey"

DELETE_OLD: Final = """
    DELETE FROM idempotency_record WHERE tenant_id = $1 AND key IN (
        SELECT old.key FROM idempotency_record old
        WHERE old.tenant_id = $1 AND old.created_at < $2
        ORDER BY old.created_at LIMIT $3
    )
"""
