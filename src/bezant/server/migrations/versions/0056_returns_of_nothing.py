"""Money that a scheme has given back, and that is of no payment of ours, waits too."""

from alembic import op

revision = "0056"
down_revision = "0055"

DROP_ORIGIN_CHECK = (
    "ALTER TABLE unapplied_money DROP CONSTRAINT IF EXISTS unapplied_money_origin_check"
)
# What code of before this writes fits as well.
ORIGIN_CHECK = """
    ALTER TABLE unapplied_money ADD CONSTRAINT unapplied_money_origin_check
    CHECK (origin IN ('payment_return', 'direct_debit', 'credit', 'unmatched_return')) NOT VALID
"""


def upgrade() -> None:
    """Let returns that fit nothing wait."""
    for statement in (DROP_ORIGIN_CHECK, ORIGIN_CHECK):
        op.execute(statement)
