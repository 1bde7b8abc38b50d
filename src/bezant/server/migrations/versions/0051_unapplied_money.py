"""Unapplied money, fees that are given back, and collections that leave in one message."""

from alembic import op

revision = "0051"
down_revision = "0050"

# How much waits is the ledger's to say. `is_open` is for finding what does.
UNAPPLIED_MONEY = """
    CREATE TABLE IF NOT EXISTS unapplied_money (
        tenant_id uuid NOT NULL,
        unapplied_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        institution_id uuid NOT NULL,
        origin text NOT NULL CHECK (origin IN ('payment_return', 'direct_debit')),
        asset text NOT NULL,
        is_open boolean NOT NULL,
        since timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, unapplied_id),
        FOREIGN KEY (tenant_id, institution_id) REFERENCES institution (tenant_id, institution_id)
    )
"""

UNAPPLIED_OPEN = """
    CREATE INDEX IF NOT EXISTS unapplied_open ON unapplied_money (tenant_id, unapplied_id)
    WHERE is_open
"""

UNAPPLIED_MOVEMENT = """
    CREATE TABLE IF NOT EXISTS unapplied_movement (
        tenant_id uuid NOT NULL,
        unapplied_id uuid NOT NULL,
        movement_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('applied', 'sent_back')),
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        account_id uuid,
        reason text NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        PRIMARY KEY (tenant_id, unapplied_id, movement_id),
        CHECK ((kind = 'applied') = (account_id IS NOT NULL)),
        FOREIGN KEY (tenant_id, unapplied_id)
            REFERENCES unapplied_money (tenant_id, unapplied_id),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""

# What waits since before there was a table of it.
UNAPPLIED_OF_DEBITS = """
    INSERT INTO unapplied_money (tenant_id, unapplied_id, ledger_book, institution_id, origin,
        asset, is_open, since)
    SELECT d.tenant_id, d.debit_id, d.ledger_book, d.institution_id, 'direct_debit', d.asset,
        true, a.opened_at
    FROM direct_debit AS d
    JOIN account AS a ON a.tenant_id = d.tenant_id AND a.book_id = d.ledger_book
        AND a.account_id = 'unapplied:' || d.debit_id::text
    WHERE d.is_unapplied
    ON CONFLICT (tenant_id, unapplied_id) DO NOTHING
"""

UNAPPLIED_OF_RETURNS = """
    INSERT INTO unapplied_money (tenant_id, unapplied_id, ledger_book, institution_id, origin,
        asset, is_open, since)
    SELECT o.tenant_id, o.order_id, o.ledger_book, o.institution_id, 'payment_return', o.asset,
        true, a.opened_at
    FROM payment_order AS o
    JOIN account AS a ON a.tenant_id = o.tenant_id AND a.book_id = o.ledger_book
        AND a.account_id = 'unapplied:' || o.order_id::text
    WHERE o.state IN ('returned', 'partially_returned', 'settled')
    ON CONFLICT (tenant_id, unapplied_id) DO NOTHING
"""

# What `/metrics` counts of every tenant's.
SAFEGUARDING_UNCLOSED = """
    CREATE INDEX IF NOT EXISTS safeguarding_unclosed
    ON safeguarding_incident (tenant_id, kind, state)
    WHERE state <> 'closed'
"""

# Which fees go back with a payment or a collection: as was agreed when they were charged.
FEE_RETURNABLE = """
    CREATE TABLE IF NOT EXISTS fee_returnable (
        tenant_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        account_id uuid NOT NULL,
        asset text NOT NULL,
        parts bytea NOT NULL,
        charged_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, subject_id),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""

FEE_RETURN = """
    CREATE TABLE IF NOT EXISTS fee_return (
        tenant_id uuid NOT NULL,
        charge_id uuid NOT NULL,
        account_id uuid NOT NULL,
        gross numeric(39,0) NOT NULL CHECK (gross > 0),
        net numeric(39,0) NOT NULL,
        vat numeric(39,0) NOT NULL,
        transaction_id uuid NOT NULL,
        returned_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, charge_id),
        CHECK (gross = net + vat),
        FOREIGN KEY (tenant_id, charge_id) REFERENCES fee_charge (tenant_id, charge_id)
    )
"""

# The newest batch of the collections that leave in one message, by what they have in common.
DIRECT_DEBIT_BATCH = """
    CREATE TABLE IF NOT EXISTS direct_debit_batch (
        tenant_id uuid NOT NULL,
        batch_key uuid NOT NULL,
        batch_no integer NOT NULL CHECK (batch_no > 0),
        size integer NOT NULL CHECK (size > 0),
        is_open boolean NOT NULL,
        PRIMARY KEY (tenant_id, batch_key)
    )
"""

DIRECT_DEBIT_MEMBER = """
    CREATE TABLE IF NOT EXISTS direct_debit_member (
        tenant_id uuid NOT NULL,
        debit_id uuid NOT NULL,
        batch_key uuid NOT NULL,
        batch_no integer NOT NULL,
        message_id uuid NOT NULL,
        PRIMARY KEY (tenant_id, debit_id),
        FOREIGN KEY (tenant_id, debit_id) REFERENCES direct_debit (tenant_id, debit_id),
        FOREIGN KEY (tenant_id, batch_key) REFERENCES direct_debit_batch (tenant_id, batch_key)
    )
"""

DIRECT_DEBIT_MEMBERS = """
    CREATE INDEX IF NOT EXISTS direct_debit_members
    ON direct_debit_member (tenant_id, batch_key, batch_no, debit_id)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        UNAPPLIED_MONEY,
        UNAPPLIED_OPEN,
        UNAPPLIED_MOVEMENT,
        UNAPPLIED_OF_DEBITS,
        UNAPPLIED_OF_RETURNS,
        SAFEGUARDING_UNCLOSED,
        FEE_RETURNABLE,
        FEE_RETURN,
        DIRECT_DEBIT_BATCH,
        DIRECT_DEBIT_MEMBER,
        DIRECT_DEBIT_MEMBERS,
    ):
        op.execute(statement)
