"""SQL of used proofs."""

from typing import Final

# The primary key decides between two that present the same proof at once.
INSERT: Final = """
    INSERT INTO used_proof (tenant_id, digest, until) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, digest) DO NOTHING
    RETURNING digest
"""

DELETE_OLD: Final = """
    DELETE FROM used_proof
    WHERE tenant_id = $1 AND digest IN (
        SELECT digest FROM used_proof WHERE tenant_id = $1 AND until < $2 LIMIT $3
    )
"""
