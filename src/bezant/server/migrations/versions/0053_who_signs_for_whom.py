"""For whom attorneys act, and who gave signatures."""

from alembic import op

revision = "0053"
down_revision = "0052"

ON_BEHALF_OF = "ALTER TABLE account_party ADD COLUMN IF NOT EXISTS on_behalf_of uuid"
APPROVED_BY = "ALTER TABLE order_approval ADD COLUMN IF NOT EXISTS approved_by text"

# Where one party holds an account, it is they who gave power. Of several nobody knows who did:
# such a power is none until it is given anew.
OF_SOLE_HOLDERS = """
    UPDATE account_party SET on_behalf_of = sole.party_id
    FROM (
        SELECT tenant_id, account_id, min(party_id::text)::uuid AS party_id
        FROM account_party WHERE role = 'holder'
        GROUP BY tenant_id, account_id HAVING count(*) = 1
    ) AS sole
    WHERE account_party.tenant_id = sole.tenant_id
        AND account_party.account_id = sole.account_id
        AND account_party.party_id <> sole.party_id
        AND account_party.role = 'attorney' AND account_party.on_behalf_of IS NULL
"""


def upgrade() -> None:
    """Add what is missing."""
    for statement in (ON_BEHALF_OF, APPROVED_BY, OF_SOLE_HOLDERS):
        op.execute(statement)
