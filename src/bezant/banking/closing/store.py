"""SQL of closings."""

from typing import Final

# The numbers of the ledger's accounts behind an account.
FIND_LEDGER_ACCOUNTS: Final = """
    SELECT s.asset, l.account_no FROM bank_account_asset AS s
    JOIN account AS l ON l.tenant_id = $1 AND l.book_id = $2
        AND l.account_id = 'accounts:' || s.account_id::text || ':' || s.asset
    WHERE s.tenant_id = $1 AND s.account_id = $3
    ORDER BY s.asset
"""
