"""Institutions, products, accounts and what is blocked on them."""

from alembic import op

revision = "0032"
down_revision = "0030"

INSTITUTION = """
    CREATE TABLE IF NOT EXISTS institution (
        tenant_id uuid NOT NULL,
        institution_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        name text NOT NULL,
        country text NOT NULL,
        bank_code text NOT NULL,
        branch_code text NOT NULL,
        bic text NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, institution_id),
        UNIQUE (tenant_id, country, bank_code, branch_code)
    )
"""

# A change is a new version; accounts stay on theirs until they are moved.
PRODUCT = """
    CREATE TABLE IF NOT EXISTS product (
        tenant_id uuid NOT NULL,
        product_id uuid NOT NULL,
        version integer NOT NULL,
        code text NOT NULL,
        institution_id uuid NOT NULL,
        kind text NOT NULL,
        terms bytea NOT NULL,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        PRIMARY KEY (tenant_id, product_id, version),
        UNIQUE (tenant_id, code, version),
        FOREIGN KEY (tenant_id, institution_id) REFERENCES institution (tenant_id, institution_id)
    )
"""

# Which status may follow which: the same for every tenant, and what changes refer to.
LEGAL_ACCOUNT_CHANGE = """
    CREATE TABLE IF NOT EXISTS legal_account_change (
        before_status text NOT NULL,
        after_status text NOT NULL,
        PRIMARY KEY (before_status, after_status)
    )
"""

LEGAL_ACCOUNT_CHANGES = """
    INSERT INTO legal_account_change (before_status, after_status) VALUES
        ('none', 'opening'), ('none', 'active'),
        ('opening', 'active'), ('opening', 'closed'),
        ('active', 'blocked'), ('active', 'dormant'), ('active', 'closed'),
        ('blocked', 'active'), ('blocked', 'dormant'),
        ('dormant', 'active'), ('dormant', 'blocked'), ('dormant', 'closed')
    ON CONFLICT (before_status, after_status) DO NOTHING
"""

# `number_fingerprint` is a keyed hash, by which it is found and kept unique; `number_sealed` opens
# with the platform's sealing key only.
BANK_ACCOUNT = """
    CREATE TABLE IF NOT EXISTS bank_account (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        institution_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        product_id uuid NOT NULL,
        product_version integer NOT NULL,
        status text NOT NULL,
        number_fingerprint bytea NOT NULL,
        number_sealed bytea NOT NULL,
        opened_at timestamptz NOT NULL,
        closed_at timestamptz,
        row_version bigint NOT NULL,
        PRIMARY KEY (tenant_id, account_id),
        UNIQUE (tenant_id, number_fingerprint),
        FOREIGN KEY (tenant_id, product_id, product_version)
            REFERENCES product (tenant_id, product_id, version)
    )
"""

# History: which status followed which, and who said so. What is not legal cannot be written.
BANK_ACCOUNT_CHANGE = """
    CREATE TABLE IF NOT EXISTS bank_account_change (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        row_version bigint NOT NULL,
        before_status text NOT NULL,
        after_status text NOT NULL,
        reason text NOT NULL,
        changed_at timestamptz NOT NULL,
        changed_by text NOT NULL,
        PRIMARY KEY (tenant_id, account_id, row_version),
        FOREIGN KEY (before_status, after_status)
            REFERENCES legal_account_change (before_status, after_status)
    )
"""

BANK_ACCOUNT_ASSET = """
    CREATE TABLE IF NOT EXISTS bank_account_asset (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        asset text NOT NULL,
        opened_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, account_id, asset),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""

ACCOUNT_BLOCK = """
    CREATE TABLE IF NOT EXISTS account_block (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        block_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('legal', 'fraud', 'customer')),
        direction text NOT NULL CHECK (direction IN ('debit', 'credit', 'both')),
        asset text,
        amount numeric(39,0),
        reason text NOT NULL,
        placed_at timestamptz NOT NULL,
        placed_by text NOT NULL,
        expires_at timestamptz,
        lifted_at timestamptz,
        lifted_by text,
        PRIMARY KEY (tenant_id, account_id, block_id),
        CHECK (amount IS NULL OR (amount > 0 AND asset IS NOT NULL AND direction = 'debit')),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        INSTITUTION,
        PRODUCT,
        LEGAL_ACCOUNT_CHANGE,
        LEGAL_ACCOUNT_CHANGES,
        BANK_ACCOUNT,
        BANK_ACCOUNT_CHANGE,
        BANK_ACCOUNT_ASSET,
        ACCOUNT_BLOCK,
    ):
        op.execute(statement)
