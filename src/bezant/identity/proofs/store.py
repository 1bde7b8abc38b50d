"""SQL of used proofs."""

from typing import Final

# The primary key decides between two that present the same proof at once. All of a request's are
# one statement: they commit with what it brings.
INSERT: Final = """
    INSERT INTO used_proof (tenant_id, digest, until)
    SELECT $1, new.digest, new.until
    FROM unnest($2::bytea[], $3::timestamptz[]) AS new(digest, until)
    ON CONFLICT (tenant_id, digest) DO NOTHING
    RETURNING digest
"""

DELETE_OLD: Final = """
    DELETE FROM used_proof
    WHERE tenant_id = $1 AND digest IN (
        SELECT digest FROM used_proof WHERE tenant_id = $1 AND until < $2 LIMIT $3
    )
"""
