"""Direct debits: mandates of both sides, what payers allow, collections and what became of them."""

from alembic import op

revision = "0043"
down_revision = "0042"

# Which state may follow which: the same for every tenant, and what steps refer to.
LEGAL_DIRECT_DEBIT_STEP = """
    CREATE TABLE IF NOT EXISTS legal_direct_debit_step (
        from_state text NOT NULL,
        to_state text NOT NULL,
        PRIMARY KEY (from_state, to_state)
    )
"""

LEGAL_DIRECT_DEBIT_STEPS = """
    INSERT INTO legal_direct_debit_step (from_state, to_state) VALUES
        ('none', 'announced'), ('none', 'received'),
        ('announced', 'presented'), ('announced', 'settled'), ('announced', 'cancelled'),
        ('announced', 'refused'), ('announced', 'rejected'),
        ('received', 'settled'), ('received', 'cancelled'), ('received', 'refused'),
        ('received', 'rejected'),
        ('presented', 'settled'), ('presented', 'cancelled'), ('presented', 'rejected'),
        ('settled', 'returned'), ('settled', 'refunded'), ('settled', 'reversed')
    ON CONFLICT (from_state, to_state) DO NOTHING
"""

DIRECT_DEBIT_MANDATE = """
    CREATE TABLE IF NOT EXISTS direct_debit_mandate (
        tenant_id uuid NOT NULL,
        mandate_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        creditor_account uuid NOT NULL,
        debtor_account uuid,
        scheme text NOT NULL CHECK (scheme IN ('core', 'b2b')),
        one_off boolean NOT NULL,
        signed_on date NOT NULL,
        notice_days integer NOT NULL CHECK (notice_days BETWEEN 1 AND 90),
        creditor bytea NOT NULL,
        reference bytea NOT NULL,
        former bytea,
        last_collected_on date,
        is_ended boolean NOT NULL,
        sealed bytea NOT NULL,
        row_version integer NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, mandate_id),
        UNIQUE (tenant_id, reference),
        FOREIGN KEY (tenant_id, creditor_account) REFERENCES bank_account (tenant_id, account_id),
        FOREIGN KEY (tenant_id, debtor_account) REFERENCES bank_account (tenant_id, account_id)
    )
"""

DIRECT_DEBIT_MANDATE_CHANGE = """
    CREATE TABLE IF NOT EXISTS direct_debit_mandate_change (
        tenant_id uuid NOT NULL,
        mandate_id uuid NOT NULL,
        row_version integer NOT NULL,
        change text NOT NULL CHECK (change IN ('signed', 'amended', 'cancelled', 'collected')),
        at timestamptz NOT NULL,
        actor text NOT NULL,
        PRIMARY KEY (tenant_id, mandate_id, row_version),
        FOREIGN KEY (tenant_id, mandate_id)
            REFERENCES direct_debit_mandate (tenant_id, mandate_id)
    )
"""

# What the payer's bank knows of a mandate that the creditor holds.
PAYER_MANDATE = """
    CREATE TABLE IF NOT EXISTS payer_mandate (
        tenant_id uuid NOT NULL,
        payer_mandate_id uuid NOT NULL,
        account_id uuid NOT NULL,
        scheme text NOT NULL CHECK (scheme IN ('core', 'b2b')),
        standing text NOT NULL CHECK (standing IN ('known', 'confirmed', 'stopped')),
        confirmed_on date,
        last_debited_on date,
        changed_at timestamptz NOT NULL,
        changed_by text NOT NULL,
        PRIMARY KEY (tenant_id, payer_mandate_id),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""

PAYER_MANDATE_BY_ACCOUNT = """
    CREATE INDEX IF NOT EXISTS payer_mandate_by_account
    ON payer_mandate (tenant_id, account_id, payer_mandate_id)
"""

DIRECT_DEBIT_CONTROL = """
    CREATE TABLE IF NOT EXISTS direct_debit_control (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        version integer NOT NULL,
        controls bytea NOT NULL,
        set_at timestamptz NOT NULL,
        set_by text NOT NULL,
        PRIMARY KEY (tenant_id, account_id, version),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""

DIRECT_DEBIT = """
    CREATE TABLE IF NOT EXISTS direct_debit (
        tenant_id uuid NOT NULL,
        debit_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        institution_id uuid NOT NULL,
        rail text NOT NULL,
        scheme text NOT NULL CHECK (scheme IN ('core', 'b2b')),
        sequence text CHECK (sequence IN ('FRST', 'RCUR', 'FNAL', 'OOFF')),
        is_final boolean NOT NULL,
        state text NOT NULL,
        seq integer NOT NULL,
        creditor_account uuid,
        debtor_account uuid,
        mandate_id uuid,
        creditor bytea NOT NULL,
        reference bytea NOT NULL,
        former bytea,
        asset text NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        due_on date NOT NULL,
        debited_on date,
        is_owed boolean NOT NULL,
        reason text,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        PRIMARY KEY (tenant_id, debit_id),
        FOREIGN KEY (tenant_id, creditor_account) REFERENCES bank_account (tenant_id, account_id),
        FOREIGN KEY (tenant_id, debtor_account) REFERENCES bank_account (tenant_id, account_id),
        FOREIGN KEY (tenant_id, mandate_id)
            REFERENCES direct_debit_mandate (tenant_id, mandate_id)
    )
"""

DIRECT_DEBIT_BY_DEBTOR = """
    CREATE INDEX IF NOT EXISTS direct_debit_by_debtor
    ON direct_debit (tenant_id, debtor_account, debit_id)
"""

DIRECT_DEBIT_BY_CREDITOR = """
    CREATE INDEX IF NOT EXISTS direct_debit_by_creditor
    ON direct_debit (tenant_id, creditor_account, debit_id)
"""

# Each step is legal, and begins where the one before it ended: no collection is settled twice, and
# none is given back twice, whatever the code believes.
DIRECT_DEBIT_STEP = """
    CREATE TABLE IF NOT EXISTS direct_debit_step (
        tenant_id uuid NOT NULL,
        debit_id uuid NOT NULL,
        seq integer NOT NULL,
        before_seq integer,
        from_state text NOT NULL,
        to_state text NOT NULL,
        reason text,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        PRIMARY KEY (tenant_id, debit_id, seq),
        UNIQUE (tenant_id, debit_id, seq, to_state),
        CHECK ((seq = 1) = (before_seq IS NULL)),
        CHECK (seq = 1 OR before_seq = seq - 1),
        CHECK (seq > 1 OR from_state = 'none'),
        FOREIGN KEY (from_state, to_state)
            REFERENCES legal_direct_debit_step (from_state, to_state),
        FOREIGN KEY (tenant_id, debit_id, before_seq, from_state)
            REFERENCES direct_debit_step (tenant_id, debit_id, seq, to_state)
    )
"""

# Names, numbers and texts of the two sides: sealed, and not for ever.
DIRECT_DEBIT_CONTENT = """
    CREATE TABLE IF NOT EXISTS direct_debit_content (
        tenant_id uuid NOT NULL,
        debit_id uuid NOT NULL,
        sealed bytea NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, debit_id),
        FOREIGN KEY (tenant_id, debit_id) REFERENCES direct_debit (tenant_id, debit_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        LEGAL_DIRECT_DEBIT_STEP,
        LEGAL_DIRECT_DEBIT_STEPS,
        DIRECT_DEBIT_MANDATE,
        DIRECT_DEBIT_MANDATE_CHANGE,
        PAYER_MANDATE,
        PAYER_MANDATE_BY_ACCOUNT,
        DIRECT_DEBIT_CONTROL,
        DIRECT_DEBIT,
        DIRECT_DEBIT_BY_DEBTOR,
        DIRECT_DEBIT_BY_CREDITOR,
        DIRECT_DEBIT_STEP,
        DIRECT_DEBIT_CONTENT,
    ):
        op.execute(statement)
