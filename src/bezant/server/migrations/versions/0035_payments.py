"""Payment orders, their attempts, and the states that they went through."""

from alembic import op

revision = "0035"
down_revision = "0033"

# Which state may follow which: the same for every tenant, and what transitions refer to.
LEGAL_TRANSITION = """
    CREATE TABLE IF NOT EXISTS legal_transition (
        from_state text NOT NULL,
        to_state text NOT NULL,
        PRIMARY KEY (from_state, to_state)
    )
"""

LEGAL_TRANSITIONS = """
    INSERT INTO legal_transition (from_state, to_state) VALUES
        ('none', 'received'),
        ('received', 'awaiting_approval'), ('received', 'scheduled'), ('received', 'reserved'),
        ('received', 'settled'), ('received', 'rejected'), ('received', 'cancelled'),
        ('awaiting_approval', 'scheduled'), ('awaiting_approval', 'reserved'),
        ('awaiting_approval', 'settled'), ('awaiting_approval', 'rejected'),
        ('awaiting_approval', 'cancelled'), ('awaiting_approval', 'expired'),
        ('scheduled', 'reserved'), ('scheduled', 'settled'), ('scheduled', 'rejected'),
        ('scheduled', 'cancelled'),
        ('reserved', 'sending'), ('reserved', 'rejected'), ('reserved', 'cancelled'),
        ('reserved', 'expired'),
        ('sending', 'reserved'), ('sending', 'pending'), ('sending', 'unknown'),
        ('sending', 'in_doubt'), ('sending', 'authorized'), ('sending', 'settled'),
        ('sending', 'rejected'),
        ('pending', 'unknown'), ('pending', 'in_doubt'), ('pending', 'authorized'),
        ('pending', 'settled'), ('pending', 'rejected'),
        ('unknown', 'reserved'), ('unknown', 'pending'), ('unknown', 'in_doubt'),
        ('unknown', 'authorized'), ('unknown', 'settled'), ('unknown', 'rejected'),
        ('in_doubt', 'settled'), ('in_doubt', 'rejected'),
        ('authorized', 'partially_captured'), ('authorized', 'captured'),
        ('authorized', 'voided'), ('authorized', 'expired'),
        ('partially_captured', 'partially_captured'), ('partially_captured', 'captured'),
        ('partially_captured', 'voided'), ('partially_captured', 'expired'),
        ('captured', 'settled'), ('captured', 'partially_returned'), ('captured', 'returned'),
        ('captured', 'disputed'),
        ('settled', 'partially_returned'), ('settled', 'returned'), ('settled', 'disputed'),
        ('partially_returned', 'partially_returned'), ('partially_returned', 'returned'),
        ('partially_returned', 'disputed'),
        ('disputed', 'settled'), ('disputed', 'captured'), ('disputed', 'partially_returned'),
        ('disputed', 'returned')
    ON CONFLICT (from_state, to_state) DO NOTHING
"""

PAYMENT_ORDER = """
    CREATE TABLE IF NOT EXISTS payment_order (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        institution_id uuid NOT NULL,
        direction text NOT NULL CHECK (direction IN ('out', 'internal')),
        rail text NOT NULL,
        state text NOT NULL,
        seq integer NOT NULL,
        debtor_account uuid NOT NULL,
        creditor_account uuid,
        party_id uuid,
        channel text NOT NULL,
        counterparty bytea NOT NULL,
        asset text NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        hold_id uuid,
        attempt_no integer NOT NULL,
        reason text,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        PRIMARY KEY (tenant_id, order_id),
        FOREIGN KEY (tenant_id, debtor_account) REFERENCES bank_account (tenant_id, account_id),
        FOREIGN KEY (tenant_id, creditor_account) REFERENCES bank_account (tenant_id, account_id)
    )
"""

PAYMENT_ORDER_BY_DEBTOR = """
    CREATE INDEX IF NOT EXISTS payment_order_by_debtor
    ON payment_order (tenant_id, debtor_account, order_id)
"""

# Each transition is legal, and begins where the one before it ended: a gap, a fork or a rewriting
# cannot be written, whatever the code believes.
PAYMENT_TRANSITION = """
    CREATE TABLE IF NOT EXISTS payment_transition (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        seq integer NOT NULL,
        before_seq integer,
        from_state text NOT NULL,
        to_state text NOT NULL,
        reason text,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        PRIMARY KEY (tenant_id, order_id, seq),
        UNIQUE (tenant_id, order_id, seq, to_state),
        CHECK ((seq = 1) = (before_seq IS NULL)),
        CHECK (seq = 1 OR before_seq = seq - 1),
        CHECK (seq > 1 OR from_state = 'none'),
        FOREIGN KEY (from_state, to_state) REFERENCES legal_transition (from_state, to_state),
        FOREIGN KEY (tenant_id, order_id, before_seq, from_state)
            REFERENCES payment_transition (tenant_id, order_id, seq, to_state)
    )
"""

# Who is sending it, and until when nobody else may: after that, a survivor asks first.
PAYMENT_ATTEMPT = """
    CREATE TABLE IF NOT EXISTS payment_attempt (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        attempt_no integer NOT NULL,
        attempt_id uuid NOT NULL,
        sender uuid NOT NULL,
        lease_until timestamptz NOT NULL,
        began_at timestamptz NOT NULL,
        reference text,
        outcome text,
        ended_at timestamptz,
        PRIMARY KEY (tenant_id, order_id, attempt_no),
        UNIQUE (tenant_id, attempt_id),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""

# Names, numbers and texts of the two sides, and messages of rails: sealed, and not for ever.
PAYMENT_CONTENT = """
    CREATE TABLE IF NOT EXISTS payment_content (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        content_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('order', 'message')),
        sealed bytea NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, order_id, content_id),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        LEGAL_TRANSITION,
        LEGAL_TRANSITIONS,
        PAYMENT_ORDER,
        PAYMENT_ORDER_BY_DEBTOR,
        PAYMENT_TRANSITION,
        PAYMENT_ATTEMPT,
        PAYMENT_CONTENT,
    ):
        op.execute(statement)
