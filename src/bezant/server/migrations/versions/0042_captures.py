"""Authorisations and captures, refunds, fees, settlement batches, safeguarding."""

from alembic import op

revision = "0042"
down_revision = "0041"

# Between accounts of the platform nothing is sent: the reservation is the authorisation.
LEGAL_TRANSITIONS = """
    INSERT INTO legal_transition (from_state, to_state) VALUES ('received', 'authorized')
    ON CONFLICT (from_state, to_state) DO NOTHING
"""

# What was taken of an order, and given back: never more than there is, whatever the code believes.
PAYMENT_TOTAL = """
    CREATE TABLE IF NOT EXISTS payment_total (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        authorized numeric(39,0) NOT NULL,
        captured numeric(39,0) NOT NULL,
        released numeric(39,0) NOT NULL,
        refunded numeric(39,0) NOT NULL,
        increments integer NOT NULL,
        expires_at timestamptz,
        PRIMARY KEY (tenant_id, order_id),
        CHECK (captured >= 0 AND released >= 0 AND captured + released <= authorized),
        CHECK (refunded >= 0 AND refunded <= captured),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""

FEE_SCHEDULE = """
    CREATE TABLE IF NOT EXISTS fee_schedule (
        tenant_id uuid NOT NULL,
        schedule_id uuid NOT NULL,
        asset text NOT NULL,
        fixed numeric(39,0) NOT NULL CHECK (fixed >= 0),
        basis_points integer NOT NULL CHECK (basis_points BETWEEN 0 AND 10000),
        minimum numeric(39,0) NOT NULL CHECK (minimum >= 0),
        maximum numeric(39,0) CHECK (maximum >= minimum),
        vat_basis_points integer NOT NULL CHECK (vat_basis_points BETWEEN 0 AND 10000),
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        PRIMARY KEY (tenant_id, schedule_id)
    )
"""

PAYMENT_CAPTURE = """
    CREATE TABLE IF NOT EXISTS payment_capture (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        capture_id uuid NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        fee numeric(39,0) NOT NULL CHECK (fee >= 0),
        vat numeric(39,0) NOT NULL CHECK (vat >= 0),
        shared numeric(39,0) NOT NULL CHECK (shared >= 0),
        net numeric(39,0) NOT NULL CHECK (net >= 0),
        fee_schedule_id uuid,
        captured_at timestamptz NOT NULL,
        captured_by text NOT NULL,
        PRIMARY KEY (tenant_id, order_id, capture_id),
        CHECK (amount = net + fee + vat + shared),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id),
        FOREIGN KEY (tenant_id, fee_schedule_id) REFERENCES fee_schedule (tenant_id, schedule_id)
    )
"""

PAYMENT_SHARE = """
    CREATE TABLE IF NOT EXISTS payment_share (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        capture_id uuid NOT NULL,
        account_id uuid NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount >= 0),
        PRIMARY KEY (tenant_id, order_id, capture_id, account_id),
        FOREIGN KEY (tenant_id, order_id, capture_id)
            REFERENCES payment_capture (tenant_id, order_id, capture_id),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""

PAYMENT_REFUND = """
    CREATE TABLE IF NOT EXISTS payment_refund (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        refund_id uuid NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        reason text NOT NULL,
        refunded_at timestamptz NOT NULL,
        refunded_by text NOT NULL,
        PRIMARY KEY (tenant_id, order_id, refund_id),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""

# What came and went for a payee, in the order of the ledger: what settlement batches are made of.
SETTLEMENT_ITEM = """
    CREATE TABLE IF NOT EXISTS settlement_item (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        asset text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        kind text NOT NULL CHECK (kind IN ('capture', 'refund')),
        item_id uuid NOT NULL,
        order_id uuid NOT NULL,
        gross numeric(39,0) NOT NULL,
        refunded numeric(39,0) NOT NULL,
        fee numeric(39,0) NOT NULL,
        vat numeric(39,0) NOT NULL,
        shared numeric(39,0) NOT NULL,
        net numeric(39,0) NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, account_id, asset, seq),
        UNIQUE (tenant_id, item_id),
        CHECK (gross - refunded = net + fee + vat + shared),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""

# A batch begins where the one before it ended, so that no item is in two, and none in between.
SETTLEMENT_BATCH = """
    CREATE TABLE IF NOT EXISTS settlement_batch (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        asset text COLLATE "C" NOT NULL,
        no integer NOT NULL CHECK (no > 0),
        before_no integer,
        batch_id uuid NOT NULL,
        after_seq bigint NOT NULL,
        through_seq bigint NOT NULL CHECK (through_seq > after_seq),
        items integer NOT NULL CHECK (items > 0),
        gross numeric(39,0) NOT NULL,
        refunded numeric(39,0) NOT NULL,
        fee numeric(39,0) NOT NULL,
        vat numeric(39,0) NOT NULL,
        shared numeric(39,0) NOT NULL,
        net numeric(39,0) NOT NULL,
        payout_account uuid,
        paid_out numeric(39,0) NOT NULL CHECK (paid_out >= 0),
        until timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        PRIMARY KEY (tenant_id, account_id, asset, no),
        UNIQUE (tenant_id, batch_id),
        UNIQUE (tenant_id, account_id, asset, no, through_seq),
        CHECK ((no = 1) = (before_no IS NULL)),
        CHECK (no > 1 OR after_seq = 0),
        CHECK (no = 1 OR before_no = no - 1),
        CHECK (gross - refunded = net + fee + vat + shared),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id),
        FOREIGN KEY (tenant_id, payout_account) REFERENCES bank_account (tenant_id, account_id),
        FOREIGN KEY (tenant_id, account_id, asset, before_no, after_seq)
            REFERENCES settlement_batch (tenant_id, account_id, asset, no, through_seq)
    )
"""

# What a payment between two assets was exchanged at: each quote once.
PAYMENT_EXCHANGE = """
    CREATE TABLE IF NOT EXISTS payment_exchange (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        quote_id uuid NOT NULL,
        bought_asset text NOT NULL,
        bought numeric(39,0) NOT NULL CHECK (bought > 0),
        PRIMARY KEY (tenant_id, order_id),
        UNIQUE (tenant_id, quote_id),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        LEGAL_TRANSITIONS,
        PAYMENT_TOTAL,
        FEE_SCHEDULE,
        PAYMENT_CAPTURE,
        PAYMENT_SHARE,
        PAYMENT_REFUND,
        SETTLEMENT_ITEM,
        SETTLEMENT_BATCH,
        PAYMENT_EXCHANGE,
    ):
        op.execute(statement)
