"""SQL of reports. Sums come from `history`, all at once."""

from typing import Final

# What of an account never changes, from a number on.
FIND_ACCOUNTS: Final = """
    SELECT account_no, account_id, asset, type, opened_at FROM account
    WHERE tenant_id = $1 AND book_id = $2 AND account_no >= $3 ORDER BY account_no
"""

FIND_ACCOUNTS_BY_ID: Final = """
    SELECT account_no, account_id, asset, type FROM account
    WHERE tenant_id = $1 AND book_id = $2 AND account_id > $3 ORDER BY account_id LIMIT $4
"""

# Legs of closing entries, and of what took them back, that count within a span.
FIND_CLOSING_LEGS: Final = """
    SELECT debit_no, credit_no, sum(amount) AS amount FROM transfer
    WHERE tenant_id = $1 AND book_id = $2 AND transaction_id = ANY($3::uuid[]) AND seq <= $4
        AND effective_at BETWEEN $5 AND $6
    GROUP BY debit_no, credit_no
"""
