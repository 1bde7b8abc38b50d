"""Holders of accounts; approvals that are over are found by when they expired."""

from alembic import op

revision = "0030"
down_revision = "0028"

# No reference to the account: accounts are never removed, and their rows are the lanes' to write.
ACCOUNT_HOLDER = """
    CREATE TABLE IF NOT EXISTS account_holder (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_id text COLLATE "C" NOT NULL,
        user_id uuid NOT NULL,
        added_at timestamptz NOT NULL,
        added_by text NOT NULL,
        PRIMARY KEY (tenant_id, book_id, account_id, user_id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

# What a person holds, for export and erasure.
ACCOUNT_HOLDER_BY_USER = """
    CREATE INDEX IF NOT EXISTS account_holder_by_user ON account_holder (tenant_id, user_id)
"""

APPROVAL_BY_EXPIRY = """
    CREATE INDEX IF NOT EXISTS approval_by_expiry ON approval (tenant_id, expires_at)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (ACCOUNT_HOLDER, ACCOUNT_HOLDER_BY_USER, APPROVAL_BY_EXPIRY):
        op.execute(statement)
