"""Verifications of payees under standing orders."""

from alembic import op

revision = "0047"
down_revision = "0046"

# As under a payment: a verification is used by one standing order, and that has one.
STANDING_PAYEE = """
    CREATE TABLE IF NOT EXISTS standing_payee (
        tenant_id uuid NOT NULL,
        verification_id uuid NOT NULL,
        standing_id uuid NOT NULL,
        confirmed boolean NOT NULL,
        used_at timestamptz NOT NULL,
        used_by text NOT NULL,
        PRIMARY KEY (tenant_id, verification_id),
        UNIQUE (tenant_id, standing_id),
        FOREIGN KEY (tenant_id, verification_id)
            REFERENCES payee_verification (tenant_id, verification_id),
        FOREIGN KEY (tenant_id, standing_id) REFERENCES standing_order (tenant_id, standing_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    op.execute(STANDING_PAYEE)
