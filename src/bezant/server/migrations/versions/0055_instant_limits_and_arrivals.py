"""Which payments limits of instant payments count; credits that wait for whoever looks at them."""

from alembic import op

revision = "0055"
down_revision = "0053"

# Of payments that were made before nobody knows: they count as they did, by the channel that
# ordered them. So do those of code of before this.
SPEND_INSTANT = """
    ALTER TABLE limit_spend ADD COLUMN IF NOT EXISTS is_instant boolean NOT NULL DEFAULT false
"""

# As those before them, with what the sums tell apart by now.
LIMIT_SPEND_OF_ACCOUNT = """
    CREATE INDEX IF NOT EXISTS limit_spend_of_account
        ON limit_spend (tenant_id, account_id, asset, spent_at)
        INCLUDE (channel, is_instant, amount, counterparty, released_at)
"""

LIMIT_SPEND_OF_PARTY = """
    CREATE INDEX IF NOT EXISTS limit_spend_of_party
        ON limit_spend (tenant_id, party_id, asset, spent_at)
        INCLUDE (channel, is_instant, amount, counterparty, released_at)
        WHERE party_id IS NOT NULL
"""

DROP_BY_ACCOUNT = "DROP INDEX IF EXISTS limit_spend_by_account"
DROP_BY_PARTY = "DROP INDEX IF EXISTS limit_spend_by_party"

DROP_ORIGIN_CHECK = (
    "ALTER TABLE unapplied_money DROP CONSTRAINT IF EXISTS unapplied_money_origin_check"
)
# What code of before this writes fits as well.
ORIGIN_CHECK = """
    ALTER TABLE unapplied_money ADD CONSTRAINT unapplied_money_origin_check
    CHECK (origin IN ('payment_return', 'direct_debit', 'credit')) NOT VALID
"""


def upgrade() -> None:
    """Tell instant payments apart, and let credits wait."""
    for statement in (
        SPEND_INSTANT,
        LIMIT_SPEND_OF_ACCOUNT,
        LIMIT_SPEND_OF_PARTY,
        DROP_BY_ACCOUNT,
        DROP_BY_PARTY,
        DROP_ORIGIN_CHECK,
        ORIGIN_CHECK,
    ):
        op.execute(statement)
