"""SQL of products."""

from typing import Final

# A version that somebody made at the same time leaves this one out: it was not made from that.
INSERT: Final = """
    INSERT INTO product (tenant_id, product_id, version, code, institution_id, kind, terms,
        created_at, created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (tenant_id, code, version) DO NOTHING
"""

FIND_INSTITUTION: Final = """
    SELECT institution_id FROM institution WHERE tenant_id = $1 AND institution_id = $2
"""

FIND: Final = """
    SELECT product_id, version, code, institution_id, kind, terms, created_at
    FROM product WHERE tenant_id = $1 AND product_id = $2
    ORDER BY version DESC LIMIT 1
"""

FIND_VERSION: Final = """
    SELECT product_id, version, code, institution_id, kind, terms, created_at
    FROM product WHERE tenant_id = $1 AND product_id = $2 AND version = $3
"""

LIST: Final = """
    SELECT p.product_id, p.version, p.code, p.institution_id, p.kind, p.terms, p.created_at
    FROM product AS p
    WHERE p.tenant_id = $1 AND p.product_id > $2 AND p.version = (
        SELECT max(newest.version) FROM product AS newest
        WHERE newest.tenant_id = $1 AND newest.product_id = p.product_id
    )
    ORDER BY p.product_id LIMIT $3
"""
