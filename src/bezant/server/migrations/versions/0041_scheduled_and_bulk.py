"""Payments on a day, under review, by standing order and in bulk."""

from alembic import op

revision = "0041"
down_revision = "0040"

LEGAL_TRANSITIONS = """
    INSERT INTO legal_transition (from_state, to_state) VALUES
        ('received', 'under_review'), ('awaiting_approval', 'under_review'),
        ('scheduled', 'under_review'),
        ('under_review', 'reserved'), ('under_review', 'settled'), ('under_review', 'rejected'),
        ('under_review', 'cancelled')
    ON CONFLICT (from_state, to_state) DO NOTHING
"""

EXECUTE_ON = """
    ALTER TABLE payment_order ADD COLUMN IF NOT EXISTS execute_on date
"""

STANDING_ORDER = """
    CREATE TABLE IF NOT EXISTS standing_order (
        tenant_id uuid NOT NULL,
        standing_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        debtor_account uuid NOT NULL,
        status text NOT NULL CHECK (status IN ('active', 'completed', 'cancelled')),
        row_version bigint NOT NULL,
        rule bytea NOT NULL,
        asset text NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        sealed bytea NOT NULL,
        next_no integer NOT NULL,
        next_on date NOT NULL,
        made integer NOT NULL,
        failed integer NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, standing_id),
        CHECK (made + failed = next_no - 1),
        FOREIGN KEY (tenant_id, debtor_account) REFERENCES bank_account (tenant_id, account_id)
    )
"""

STANDING_ORDER_BY_DEBTOR = """
    CREATE INDEX IF NOT EXISTS standing_order_by_debtor
    ON standing_order (tenant_id, debtor_account, standing_id)
"""

# A day has a payment, or the reason why it has none, once.
STANDING_OCCURRENCE = """
    CREATE TABLE IF NOT EXISTS standing_occurrence (
        tenant_id uuid NOT NULL,
        standing_id uuid NOT NULL,
        occurrence_no integer NOT NULL,
        day date NOT NULL,
        order_id uuid,
        code text,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, standing_id, occurrence_no),
        CHECK ((order_id IS NULL) <> (code IS NULL)),
        FOREIGN KEY (tenant_id, standing_id) REFERENCES standing_order (tenant_id, standing_id),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""

# The sender's names of files and payments are fingerprints: they may tell of people.
BULK_PAYMENT = """
    CREATE TABLE IF NOT EXISTS bulk_payment (
        tenant_id uuid NOT NULL,
        bulk_id uuid NOT NULL,
        initiator bytea NOT NULL,
        message bytea NOT NULL,
        format text NOT NULL CHECK (format IN ('pain001', 'csv')),
        sealed bytea NOT NULL,
        item_count integer NOT NULL,
        booked_as_one integer NOT NULL,
        rail text,
        party_id uuid,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        PRIMARY KEY (tenant_id, bulk_id),
        UNIQUE (tenant_id, initiator, message)
    )
"""

BULK_REFERENCE = """
    CREATE TABLE IF NOT EXISTS bulk_reference (
        tenant_id uuid NOT NULL,
        reference bytea NOT NULL,
        bulk_id uuid NOT NULL,
        item_no integer NOT NULL,
        PRIMARY KEY (tenant_id, reference),
        UNIQUE (tenant_id, bulk_id, item_no),
        FOREIGN KEY (tenant_id, bulk_id) REFERENCES bulk_payment (tenant_id, bulk_id)
    )
"""

# The payment's identifier is known before it is ordered, so that it is ordered once.
BULK_ITEM = """
    CREATE TABLE IF NOT EXISTS bulk_item (
        tenant_id uuid NOT NULL,
        bulk_id uuid NOT NULL,
        item_no integer NOT NULL,
        chunk_no integer NOT NULL,
        order_id uuid NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('waiting', 'ordered', 'refused')),
        code text,
        sealed bytea NOT NULL,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, bulk_id, item_no),
        UNIQUE (tenant_id, order_id),
        CHECK ((outcome = 'refused') = (code IS NOT NULL)),
        FOREIGN KEY (tenant_id, bulk_id) REFERENCES bulk_payment (tenant_id, bulk_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        LEGAL_TRANSITIONS,
        EXECUTE_ON,
        STANDING_ORDER,
        STANDING_ORDER_BY_DEBTOR,
        STANDING_OCCURRENCE,
        BULK_PAYMENT,
        BULK_REFERENCE,
        BULK_ITEM,
    ):
        op.execute(statement)
