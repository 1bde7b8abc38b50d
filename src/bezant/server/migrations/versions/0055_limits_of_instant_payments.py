"""Which payments limits of instant payments count."""

from alembic import op

revision = "0055"
down_revision = "0051"

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


def upgrade() -> None:
    """Tell instant payments apart."""
    for statement in (
        SPEND_INSTANT,
        LIMIT_SPEND_OF_ACCOUNT,
        LIMIT_SPEND_OF_PARTY,
        DROP_BY_ACCOUNT,
        DROP_BY_PARTY,
    ):
        op.execute(statement)
