"""Holds, limit groups, imported accounts, and identifiers whose transaction was refused."""

from alembic import op

revision = "0004"
down_revision = "0003"

PARTITIONS = 16

# The present of a hold; its history is in `transfer` and `hold_event`.
HOLD = """
    CREATE TABLE IF NOT EXISTS hold (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        hold_id uuid NOT NULL,
        group_id uuid NOT NULL,
        transaction_id uuid NOT NULL,
        seq bigint NOT NULL,
        debit_no bigint NOT NULL,
        credit_no bigint NOT NULL,
        amount numeric(39,0) NOT NULL CHECK (amount >= 0),
        captured numeric(39,0) NOT NULL CHECK (captured BETWEEN 0 AND amount),
        state text NOT NULL CHECK (state IN ('open', 'captured', 'voided', 'expired')),
        code text NOT NULL,
        closes text CHECK (closes IN ('debit', 'credit', 'both')),
        expires_at timestamptz,
        PRIMARY KEY (tenant_id, book_id, hold_id),
        CHECK (state <> 'expired' OR expires_at IS NOT NULL)
    ) PARTITION BY HASH (book_id)
"""

HOLD_BY_GROUP = """
    CREATE INDEX IF NOT EXISTS hold_by_group ON hold (tenant_id, book_id, group_id)
"""

# Those that the lane has to expire, in the order in which it will.
HOLD_BY_EXPIRY = """
    CREATE INDEX IF NOT EXISTS hold_by_expiry ON hold (tenant_id, book_id, expires_at)
    WHERE state = 'open' AND expires_at IS NOT NULL
"""

# One row beside each leg that a hold is part of, with the hold's terms.
HOLD_EVENT = """
    CREATE TABLE IF NOT EXISTS hold_event (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        seq bigint NOT NULL,
        leg smallint NOT NULL,
        hold_id uuid NOT NULL,
        group_id uuid NOT NULL,
        closes text,
        expires_at timestamptz,
        PRIMARY KEY (tenant_id, book_id, seq, leg)
    ) PARTITION BY HASH (book_id)
"""

# Sums over many accounts: wider than an account's own.
LIMIT_GROUP = """
    CREATE TABLE IF NOT EXISTS limit_group (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        group_id text COLLATE "C" NOT NULL,
        asset text NOT NULL,
        type text NOT NULL CHECK (type IN ('asset', 'liability', 'equity', 'income', 'expense')),
        overdraft numeric(39,0),
        minimum numeric(39,0),
        maximum numeric(39,0),
        opened_at timestamptz NOT NULL,
        debits_posted numeric(48,0) NOT NULL,
        credits_posted numeric(48,0) NOT NULL,
        debits_pending numeric(48,0) NOT NULL,
        credits_pending numeric(48,0) NOT NULL,
        version bigint NOT NULL,
        as_of timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, group_id)
    ) PARTITION BY HASH (book_id)
"""

LIMIT_GROUP_EVENT = """
    CREATE TABLE IF NOT EXISTS limit_group_event (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        seq bigint NOT NULL,
        kind text NOT NULL CHECK (kind IN ('opened', 'changed')),
        group_id text COLLATE "C" NOT NULL,
        asset text NOT NULL,
        type text NOT NULL,
        overdraft numeric(39,0),
        minimum numeric(39,0),
        maximum numeric(39,0),
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, seq)
    ) PARTITION BY HASH (book_id)
"""

# Identifiers that clients gave to transactions which were refused for a reason that may pass.
REFUSED_TRANSACTION = """
    CREATE TABLE IF NOT EXISTS refused_transaction (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        transaction_id uuid NOT NULL,
        code text NOT NULL,
        refused_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, transaction_id)
    ) PARTITION BY HASH (book_id)
"""

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES WITH (MODULUS {modulus}, REMAINDER {number}){storage}
"""

STORAGE = {"hold": " WITH (fillfactor = 70)", "limit_group": " WITH (fillfactor = 50)"}

PARTITIONED = (
    "hold",
    "hold_event",
    "limit_group",
    "limit_group_event",
    "refused_transaction",
)

# A leg may reserve, and may be of nothing. Rows that stand satisfy the wider rules already.
DROP_KIND_CHECK = "ALTER TABLE transfer DROP CONSTRAINT IF EXISTS transfer_kind_check"
KIND_CHECK = """
    ALTER TABLE transfer ADD CONSTRAINT transfer_kind_check
    CHECK (kind IN ('posted', 'pending', 'captured', 'voided', 'expired')) NOT VALID
"""
DROP_AMOUNT_CHECK = "ALTER TABLE transfer DROP CONSTRAINT IF EXISTS transfer_amount_check"
AMOUNT_CHECK = """
    ALTER TABLE transfer ADD CONSTRAINT transfer_amount_check CHECK (amount >= 0) NOT VALID
"""

# An account's group, and when one that was brought from elsewhere was opened there.
ACCOUNT_GROUP = 'ALTER TABLE account ADD COLUMN IF NOT EXISTS limit_group text COLLATE "C"'
ACCOUNT_EVENT_GROUP = (
    'ALTER TABLE account_event ADD COLUMN IF NOT EXISTS limit_group text COLLATE "C"'
)
ACCOUNT_EVENT_OPENING = "ALTER TABLE account_event ADD COLUMN IF NOT EXISTS opened_at timestamptz"

# When the book's next hold may expire, for whoever looks for books with something to do.
NEXT_EXPIRY = "ALTER TABLE lane ADD COLUMN IF NOT EXISTS next_expiry timestamptz"


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        HOLD,
        HOLD_EVENT,
        LIMIT_GROUP,
        LIMIT_GROUP_EVENT,
        REFUSED_TRANSACTION,
    ):
        op.execute(statement)
    for table in PARTITIONED:
        for number in range(PARTITIONS):
            op.execute(
                PARTITION.format(
                    table=table, number=number, modulus=PARTITIONS, storage=STORAGE.get(table, "")
                )
            )
    for statement in (
        HOLD_BY_GROUP,
        HOLD_BY_EXPIRY,
        DROP_KIND_CHECK,
        KIND_CHECK,
        DROP_AMOUNT_CHECK,
        AMOUNT_CHECK,
        ACCOUNT_GROUP,
        ACCOUNT_EVENT_GROUP,
        ACCOUNT_EVENT_OPENING,
        NEXT_EXPIRY,
    ):
        op.execute(statement)
