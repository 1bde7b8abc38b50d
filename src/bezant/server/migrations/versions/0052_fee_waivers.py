"""Fees that an account is spared for a time."""

from alembic import op

revision = "0052"
down_revision = "0051"

# Without a code it is of all fees.
FEE_WAIVER = """
    CREATE TABLE IF NOT EXISTS fee_waiver (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        waiver_id uuid NOT NULL,
        code text,
        last_day date NOT NULL,
        reason text NOT NULL,
        given_at timestamptz NOT NULL,
        given_by text NOT NULL,
        ended_at timestamptz,
        ended_by text,
        PRIMARY KEY (tenant_id, account_id, waiver_id),
        CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    op.execute(FEE_WAIVER)
