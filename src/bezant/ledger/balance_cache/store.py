"""SQL of accounts on their way into the cache."""

from typing import Final

# One snapshot: the account is the newest of the book at `seq`, under the holder of `epoch`.
FIND_ACCOUNT: Final = """
    SELECT a.account_no, a.account_id, a.asset, a.type, a.status, a.overdraft, a.minimum, a.maximum,
        a.limit_group, a.opened_at, b.debits_posted, b.credits_posted, b.debits_pending,
        b.credits_pending, b.version, b.as_of, l.seq, l.epoch, l.holder
    FROM lane l
    JOIN account a ON a.tenant_id = l.tenant_id AND a.book_id = l.book_id
    JOIN balance b
        ON b.tenant_id = a.tenant_id AND b.book_id = a.book_id AND b.account_no = a.account_no
    WHERE l.tenant_id = $1 AND l.book_id = $2 AND a.account_id = $3
"""
