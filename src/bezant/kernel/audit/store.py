"""SQL of the audit log."""

from typing import Final

INSERT: Final = """
    INSERT INTO audit_entry
        (tenant_id, entry_id, at, actor, action, resource, purpose, origin, outcome, status)
    SELECT $1, entry_id, at, actor, action, resource, purpose, origin, outcome, status
    FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::text[], $9::text[], $10::smallint[])
        AS new (entry_id, at, actor, action, resource, purpose, origin, outcome, status)
"""
