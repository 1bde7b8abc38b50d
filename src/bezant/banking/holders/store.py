"""SQL of holders."""

from typing import Final

# Of two who add the same holder at once one does; the other finds that it is done.
INSERT: Final = """
    INSERT INTO account_holder (tenant_id, book_id, account_id, user_id, added_at, added_by)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, book_id, account_id, user_id) DO NOTHING
"""

FIND: Final = """
    SELECT user_id, added_at, added_by FROM account_holder
    WHERE tenant_id = $1 AND book_id = $2 AND account_id = $3 AND user_id = $4
"""

LIST: Final = """
    SELECT user_id, added_at, added_by FROM account_holder
    WHERE tenant_id = $1 AND book_id = $2 AND account_id = $3 AND user_id > $4
    ORDER BY user_id LIMIT $5
"""

# That somebody was one is history, which the audit log keeps.
DELETE: Final = """
    DELETE FROM account_holder
    WHERE tenant_id = $1 AND book_id = $2 AND account_id = $3 AND user_id = $4
"""

FIND_OF_SUBJECT: Final = """
    SELECT h.book_id, h.account_id, h.added_at
    FROM account_holder AS h
    JOIN identity_user AS u ON u.tenant_id = h.tenant_id AND u.user_id = h.user_id
    WHERE h.tenant_id = $1 AND u.subject_id = $2
    ORDER BY h.book_id, h.account_id
"""

DELETE_OF_SUBJECTS: Final = """
    DELETE FROM account_holder
    WHERE tenant_id = $1 AND user_id IN (
        SELECT user_id FROM identity_user WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[])
    )
"""
