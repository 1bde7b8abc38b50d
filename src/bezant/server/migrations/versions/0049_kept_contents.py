"""Ways from an account to what was paid to it and verified for it: for what is kept of a person."""

from alembic import op

revision = "0049"
down_revision = "0048"

PAYMENT_ORDER_BY_CREDITOR = """
    CREATE INDEX IF NOT EXISTS payment_order_by_creditor
    ON payment_order (tenant_id, creditor_account, order_id)
"""

PAYEE_VERIFICATION_BY_DEBTOR = """
    CREATE INDEX IF NOT EXISTS payee_verification_by_debtor
    ON payee_verification (tenant_id, debtor_account)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (PAYMENT_ORDER_BY_CREDITOR, PAYEE_VERIFICATION_BY_DEBTOR):
        op.execute(statement)
