"""How often customers' statements end, and balances that were confirmed."""

from alembic import op

revision = "0044"
down_revision = "0043"

# Versions, from a day on. Without any, statements end with the month.
STATEMENT_CYCLE = """
    CREATE TABLE IF NOT EXISTS statement_cycle (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        version int NOT NULL CHECK (version > 0),
        cycle text NOT NULL CHECK (cycle IN ('day', 'week', 'month', 'quarter', 'year')),
        since date NOT NULL,
        set_at timestamptz NOT NULL,
        set_by text NOT NULL,
        PRIMARY KEY (tenant_id, account_id, version),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""

BALANCE_CONFIRMATION = """
    CREATE TABLE IF NOT EXISTS balance_confirmation (
        tenant_id uuid NOT NULL,
        confirmation_id uuid NOT NULL,
        account_id uuid NOT NULL,
        on_day date NOT NULL,
        purpose text NOT NULL,
        balances bytea NOT NULL,
        confirmed_at timestamptz NOT NULL,
        confirmed_by text NOT NULL,
        PRIMARY KEY (tenant_id, confirmation_id),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (STATEMENT_CYCLE, BALANCE_CONFIRMATION):
        op.execute(statement)
