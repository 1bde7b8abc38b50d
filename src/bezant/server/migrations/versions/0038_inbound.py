"""Money that comes in, comes back, is asked for and is refunded."""

from alembic import op

revision = "0038"
down_revision = "0037"

# What comes in and is taken waits for the scheme's word.
LEGAL_TRANSITIONS = """
    INSERT INTO legal_transition (from_state, to_state) VALUES ('received', 'pending')
    ON CONFLICT (from_state, to_state) DO NOTHING
"""

DROP_DIRECTION_CHECK = (
    "ALTER TABLE payment_order DROP CONSTRAINT IF EXISTS payment_order_direction_check"
)
# What code of before this writes fits as well.
DIRECTION_CHECK = """
    ALTER TABLE payment_order ADD CONSTRAINT payment_order_direction_check
    CHECK (direction IN ('in', 'out', 'internal')) NOT VALID
"""
NO_DEBTOR = "ALTER TABLE payment_order ALTER COLUMN debtor_account DROP NOT NULL"
DROP_SIDES_CHECK = "ALTER TABLE payment_order DROP CONSTRAINT IF EXISTS payment_order_sides_check"
SIDES_CHECK = """
    ALTER TABLE payment_order ADD CONSTRAINT payment_order_sides_check
    CHECK (debtor_account IS NOT NULL OR creditor_account IS NOT NULL) NOT VALID
"""

PAYMENT_ORDER_BY_DIRECTION = """
    CREATE INDEX IF NOT EXISTS payment_order_by_direction
    ON payment_order (tenant_id, direction, order_id)
"""

# What became of each transaction that was offered to us, so that it is one credit or none, however
# often it is offered. `incoming_id` follows from the four columns after it.
PAYMENT_INCOMING = """
    CREATE TABLE IF NOT EXISTS payment_incoming (
        tenant_id uuid NOT NULL,
        incoming_id uuid NOT NULL,
        institution_id uuid NOT NULL,
        rail text NOT NULL,
        sender_bic text NOT NULL,
        transaction_id text NOT NULL,
        digest bytea NOT NULL,
        order_id uuid,
        refused text,
        at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, incoming_id),
        CHECK ((order_id IS NULL) <> (refused IS NULL)),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""

PAYMENT_INCOMING_BY_TRANSACTION = """
    CREATE INDEX IF NOT EXISTS payment_incoming_by_transaction
    ON payment_incoming (tenant_id, institution_id, rail, transaction_id)
"""

PAYMENT_INCOMING_BY_ORDER = """
    CREATE INDEX IF NOT EXISTS payment_incoming_by_order ON payment_incoming (tenant_id, order_id)
"""

# A scheme speaks of a payment of ours by the reference that it gave it.
PAYMENT_ATTEMPT_BY_REFERENCE = """
    CREATE INDEX IF NOT EXISTS payment_attempt_by_reference
    ON payment_attempt (tenant_id, reference)
"""

# Money of a payment that came back, or that we gave back. `return_id` follows from the scheme's
# name of it, so that one that is told twice is one.
PAYMENT_RETURN = """
    CREATE TABLE IF NOT EXISTS payment_return (
        tenant_id uuid NOT NULL,
        return_id uuid NOT NULL,
        order_id uuid NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        code text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, return_id),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""

PAYMENT_RETURN_BY_ORDER = """
    CREATE INDEX IF NOT EXISTS payment_return_by_order ON payment_return (tenant_id, order_id)
"""

# `original` and `counterparty_bic`: what the other bank knows the payment, and is known, by.
PAYMENT_RECALL = """
    CREATE TABLE IF NOT EXISTS payment_recall (
        tenant_id uuid NOT NULL,
        recall_id uuid NOT NULL,
        order_id uuid NOT NULL,
        direction text NOT NULL CHECK (direction IN ('sent', 'received')),
        case_id text NOT NULL,
        original text NOT NULL,
        counterparty_bic text,
        code text NOT NULL,
        state text NOT NULL CHECK (state IN ('open', 'returning', 'accepted', 'refused')),
        refusal text,
        due_on date NOT NULL,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        answered_at timestamptz,
        answered_by text,
        PRIMARY KEY (tenant_id, recall_id),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""

# A payment is asked back once at a time, and given back once at a time.
PAYMENT_RECALL_OPEN = """
    CREATE UNIQUE INDEX IF NOT EXISTS payment_recall_open
    ON payment_recall (tenant_id, order_id)
    WHERE (direction = 'sent' AND state = 'open') OR state = 'returning'
"""

# What a payer says that they did not authorise: refunded by the end of the next business day.
PAYMENT_CLAIM = """
    CREATE TABLE IF NOT EXISTS payment_claim (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        due_on date NOT NULL,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        refunded_at timestamptz,
        PRIMARY KEY (tenant_id, order_id),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""


def upgrade() -> None:
    """Create what is missing, and widen what is too narrow."""
    for statement in (
        LEGAL_TRANSITIONS,
        DROP_DIRECTION_CHECK,
        DIRECTION_CHECK,
        NO_DEBTOR,
        DROP_SIDES_CHECK,
        SIDES_CHECK,
        PAYMENT_ORDER_BY_DIRECTION,
        PAYMENT_INCOMING,
        PAYMENT_INCOMING_BY_TRANSACTION,
        PAYMENT_INCOMING_BY_ORDER,
        PAYMENT_ATTEMPT_BY_REFERENCE,
        PAYMENT_RETURN,
        PAYMENT_RETURN_BY_ORDER,
        PAYMENT_RECALL,
        PAYMENT_RECALL_OPEN,
        PAYMENT_CLAIM,
    ):
        op.execute(statement)
