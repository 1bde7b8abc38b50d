"""Direct debits between banks: their messages, and money that waits for an account."""

from alembic import op

revision = "0045"
down_revision = "0044"

# Code of before knows no such money, and leaves it at the default.
IS_UNAPPLIED = """
    ALTER TABLE direct_debit ADD COLUMN IF NOT EXISTS is_unapplied boolean NOT NULL DEFAULT false
"""

# What other banks said, as it came: sealed, and not for ever.
DIRECT_DEBIT_MESSAGE = """
    CREATE TABLE IF NOT EXISTS direct_debit_message (
        tenant_id uuid NOT NULL,
        debit_id uuid NOT NULL,
        message_id uuid NOT NULL,
        sealed bytea NOT NULL,
        received_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, debit_id, message_id),
        FOREIGN KEY (tenant_id, debit_id) REFERENCES direct_debit (tenant_id, debit_id)
    )
"""


# Its identifier follows from institution and creditor: one creditor is one party's there.
DIRECT_DEBIT_CREDITOR = """
    CREATE TABLE IF NOT EXISTS direct_debit_creditor (
        tenant_id uuid NOT NULL,
        registration_id uuid NOT NULL,
        institution_id uuid NOT NULL,
        party_id uuid NOT NULL,
        registered_at timestamptz NOT NULL,
        registered_by text NOT NULL,
        PRIMARY KEY (tenant_id, registration_id),
        FOREIGN KEY (tenant_id, institution_id) REFERENCES institution (tenant_id, institution_id),
        FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, party_id)
    )
"""

# The sender's names of files and collections are fingerprints: they may tell of people.
BULK_DEBIT = """
    CREATE TABLE IF NOT EXISTS bulk_debit (
        tenant_id uuid NOT NULL,
        bulk_id uuid NOT NULL,
        initiator bytea NOT NULL,
        message bytea NOT NULL,
        sealed bytea NOT NULL,
        item_count integer NOT NULL,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        PRIMARY KEY (tenant_id, bulk_id),
        UNIQUE (tenant_id, initiator, message)
    )
"""

# The collection's identifier follows from its sender's name of it, so that it is announced once.
# What is refused has none: its name is free again.
BULK_DEBIT_ITEM = """
    CREATE TABLE IF NOT EXISTS bulk_debit_item (
        tenant_id uuid NOT NULL,
        bulk_id uuid NOT NULL,
        item_no integer NOT NULL,
        chunk_no integer NOT NULL,
        debit_id uuid,
        outcome text NOT NULL CHECK (outcome IN ('waiting', 'ordered', 'refused')),
        code text,
        sealed bytea NOT NULL,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, bulk_id, item_no),
        UNIQUE (tenant_id, debit_id),
        CHECK ((outcome = 'refused') = (code IS NOT NULL)),
        CHECK ((outcome = 'refused') = (debit_id IS NULL)),
        FOREIGN KEY (tenant_id, bulk_id) REFERENCES bulk_debit (tenant_id, bulk_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        IS_UNAPPLIED,
        DIRECT_DEBIT_MESSAGE,
        DIRECT_DEBIT_CREDITOR,
        BULK_DEBIT,
        BULK_DEBIT_ITEM,
    ):
        op.execute(statement)
