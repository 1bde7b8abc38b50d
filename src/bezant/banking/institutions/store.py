"""SQL of institutions."""

from typing import Final

# Of two who make the same at once one does; the other finds that it stands.
INSERT: Final = """
    INSERT INTO institution (tenant_id, institution_id, ledger_book, name, country, bank_code,
        branch_code, bic, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (tenant_id, country, bank_code, branch_code) DO NOTHING
"""

FIND: Final = """
    SELECT institution_id, ledger_book, name, country, bank_code, branch_code, bic, created_at
    FROM institution WHERE tenant_id = $1 AND institution_id = $2
"""

LIST: Final = """
    SELECT institution_id, ledger_book, name, country, bank_code, branch_code, bic, created_at
    FROM institution WHERE tenant_id = $1 AND institution_id > $2
    ORDER BY institution_id LIMIT $3
"""
