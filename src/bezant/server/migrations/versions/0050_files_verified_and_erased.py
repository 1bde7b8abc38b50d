"""Payees of files verified and confirmed; batches booked as one; whose what files say is."""

from alembic import op

revision = "0050"
down_revision = "0049"

# Whether the payees of a file are verified, or its payer did without; and until when it is
# confirmed. Code of before knows neither, and takes files as it did.
BULK_PAYEES = """
    ALTER TABLE bulk_payment
        ADD COLUMN IF NOT EXISTS payees text CHECK (payees IN ('verify', 'opt_out')),
        ADD COLUMN IF NOT EXISTS confirm_by timestamptz
"""

# What became of a file that waited for its payer, once: its key is the rule. `digest` is of what
# had been found of the payees.
BULK_DECISION = """
    CREATE TABLE IF NOT EXISTS bulk_decision (
        tenant_id uuid NOT NULL,
        bulk_id uuid NOT NULL,
        decision text NOT NULL CHECK (decision IN ('confirmed', 'withdrawn', 'lapsed')),
        digest bytea,
        withdrawn integer NOT NULL,
        decided_at timestamptz NOT NULL,
        decided_by text NOT NULL,
        PRIMARY KEY (tenant_id, bulk_id),
        CHECK ((decision = 'confirmed') = (digest IS NOT NULL)),
        FOREIGN KEY (tenant_id, bulk_id) REFERENCES bulk_payment (tenant_id, bulk_id)
    )
"""

# Which transfers from an account are one entry of its statements.
STATEMENT_BATCH = """
    CREATE TABLE IF NOT EXISTS statement_batch (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        transfer_id uuid NOT NULL,
        batch_id uuid NOT NULL,
        PRIMARY KEY (tenant_id, account_id, transfer_id),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""

# Whose a payment is although it was refused; unknown of what was taken before.
BULK_ITEM_SIDES = """
    ALTER TABLE bulk_item ADD COLUMN IF NOT EXISTS debtor_account uuid
"""

BULK_ITEM_BY_DEBTOR = """
    CREATE INDEX IF NOT EXISTS bulk_item_by_debtor ON bulk_item (tenant_id, debtor_account)
    WHERE debtor_account IS NOT NULL
"""

BULK_DEBIT_ITEM_SIDES = """
    ALTER TABLE bulk_debit_item ADD COLUMN IF NOT EXISTS creditor_account uuid
"""

BULK_DEBIT_ITEM_BY_CREDITOR = """
    CREATE INDEX IF NOT EXISTS bulk_debit_item_by_creditor
    ON bulk_debit_item (tenant_id, creditor_account) WHERE creditor_account IS NOT NULL
"""

# What was refused and is nobody's here goes by its age.
BULK_ITEM_UNOWNED = """
    CREATE INDEX IF NOT EXISTS bulk_item_unowned ON bulk_item (tenant_id, recorded_at)
    WHERE outcome = 'refused' AND debtor_account IS NULL AND sealed <> ''
"""

BULK_DEBIT_ITEM_UNOWNED = """
    CREATE INDEX IF NOT EXISTS bulk_debit_item_unowned ON bulk_debit_item (tenant_id, recorded_at)
    WHERE outcome = 'refused' AND creditor_account IS NULL AND sealed <> ''
"""

# Of whom nothing is shown: all that others may know of the vault's subjects.
RESTRICTED_SUBJECT = """
    CREATE OR REPLACE VIEW restricted_subject AS
    SELECT tenant_id, subject_id FROM vault_subject WHERE state = 'restricted'
"""

# Ways from an account to what was signed for it.
MANDATE_BY_CREDITOR = """
    CREATE INDEX IF NOT EXISTS direct_debit_mandate_by_creditor
    ON direct_debit_mandate (tenant_id, creditor_account)
"""

MANDATE_BY_DEBTOR = """
    CREATE INDEX IF NOT EXISTS direct_debit_mandate_by_debtor
    ON direct_debit_mandate (tenant_id, debtor_account) WHERE debtor_account IS NOT NULL
"""

# A mandate is a party's, for an account. What was written before may be of parties that are kept
# elsewhere: it stays, and is not looked at.
DROP_ACCOUNT = "ALTER TABLE account_party DROP CONSTRAINT IF EXISTS account_party_account_fkey"
ACCOUNT = """
    ALTER TABLE account_party ADD CONSTRAINT account_party_account_fkey
    FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id) NOT VALID
"""
DROP_PARTY = "ALTER TABLE account_party DROP CONSTRAINT IF EXISTS account_party_party_fkey"
PARTY = """
    ALTER TABLE account_party ADD CONSTRAINT account_party_party_fkey
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, party_id) NOT VALID
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        BULK_PAYEES,
        BULK_DECISION,
        STATEMENT_BATCH,
        BULK_ITEM_SIDES,
        BULK_ITEM_BY_DEBTOR,
        BULK_DEBIT_ITEM_SIDES,
        BULK_ITEM_UNOWNED,
        BULK_DEBIT_ITEM_BY_CREDITOR,
        BULK_DEBIT_ITEM_UNOWNED,
        RESTRICTED_SUBJECT,
        MANDATE_BY_CREDITOR,
        MANDATE_BY_DEBTOR,
        DROP_ACCOUNT,
        ACCOUNT,
        DROP_PARTY,
        PARTY,
    ):
        op.execute(statement)
