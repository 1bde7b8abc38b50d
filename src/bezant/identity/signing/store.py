"""SQL of signing keys."""

from typing import Final

# SERIALIZABLE: of two processes that find a key missing, one makes it.
FIND: Final = """
    SELECT key_id, algorithm, public_jwk, reference, signs_from, signs_until
    FROM signing_key WHERE tenant_id = $1 ORDER BY signs_from, key_id
"""

INSERT: Final = """
    INSERT INTO signing_key
        (tenant_id, key_id, algorithm, public_jwk, reference, signs_from, signs_until)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

DELETE_OLD: Final = """
    DELETE FROM signing_key WHERE tenant_id = $1 AND signs_until < $2 RETURNING reference
"""

FIND_IDS: Final = """
    SELECT key_id FROM signing_key WHERE tenant_id = $1
"""

RETIRE: Final = """
    DELETE FROM signing_key WHERE tenant_id = $1 AND key_id = $2 RETURNING algorithm
"""

FIND_HELD: Final = """
    SELECT reference FROM signing_key WHERE tenant_id = $1 AND reference = ANY($2::uuid[])
"""
