"""Ends of days: what balances earned and cost, what of it was booked, and fees."""

from alembic import op

revision = "0037"
down_revision = "0036"

# One run for each day of a book, one day after the other. `known_seq` is what the book knew when
# the day was begun: balances are those, however late it is carried out.
END_OF_DAY_RUN = """
    CREATE TABLE IF NOT EXISTS end_of_day_run (
        tenant_id uuid NOT NULL,
        run_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        day date NOT NULL,
        status text NOT NULL CHECK (status IN ('running', 'completed')),
        known_before bigint NOT NULL,
        known_seq bigint NOT NULL CHECK (known_seq >= known_before),
        done_until uuid NOT NULL,
        accounts bigint NOT NULL,
        started_at timestamptz NOT NULL,
        started_by text NOT NULL,
        completed_at timestamptz,
        PRIMARY KEY (tenant_id, run_id),
        UNIQUE (tenant_id, ledger_book, day),
        CHECK ((status = 'completed') = (completed_at IS NOT NULL))
    )
"""

# `parts` are of a minor unit: 10^12 to one. The first revision is what a day earned as it was
# known then; each later one is the difference that a backdated posting made.
INTEREST_ACCRUAL = """
    CREATE TABLE IF NOT EXISTS interest_accrual (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        asset text NOT NULL,
        day date NOT NULL,
        revision integer NOT NULL CHECK (revision >= 0),
        product_version integer NOT NULL,
        balance numeric(39,0) NOT NULL,
        parts numeric(57,0) NOT NULL,
        run_id uuid,
        accrued_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, account_id, asset, day, revision),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id)
    )
"""

# What has accrued and is not booked yet.
INTEREST_STANDING = """
    CREATE TABLE IF NOT EXISTS interest_standing (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        asset text NOT NULL,
        accrued_until date NOT NULL,
        parts numeric(57,0) NOT NULL,
        PRIMARY KEY (tenant_id, account_id, asset)
    )
"""

# What of all accounts' interest is less than a minor unit, and so is not in the ledger yet.
INTEREST_REMAINDER = """
    CREATE TABLE IF NOT EXISTS interest_remainder (
        tenant_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        asset text NOT NULL,
        expense_parts numeric(57,0) NOT NULL,
        income_parts numeric(57,0) NOT NULL,
        PRIMARY KEY (tenant_id, ledger_book, asset)
    )
"""

# `rounding` is what was given or taken at the end of an account, where nothing can be carried.
INTEREST_BOOKING = """
    CREATE TABLE IF NOT EXISTS interest_booking (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        asset text NOT NULL,
        day date NOT NULL,
        amount numeric(39,0) NOT NULL,
        rounding numeric(57,0) NOT NULL,
        transaction_id uuid,
        booked_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, account_id, asset, day),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id),
        CHECK ((amount = 0) = (transaction_id IS NULL))
    )
"""

FEE_CHARGE = """
    CREATE TABLE IF NOT EXISTS fee_charge (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        charge_id uuid NOT NULL,
        code text NOT NULL,
        asset text NOT NULL,
        day date NOT NULL,
        gross numeric(39,0) NOT NULL,
        net numeric(39,0) NOT NULL,
        vat numeric(39,0) NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('charged', 'waived', 'refused')),
        reason text,
        transaction_id uuid,
        charged_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, account_id, charge_id),
        UNIQUE (tenant_id, charge_id),
        FOREIGN KEY (tenant_id, account_id) REFERENCES bank_account (tenant_id, account_id),
        CHECK (gross = net + vat),
        CHECK ((outcome = 'charged') = (transaction_id IS NOT NULL)),
        CHECK ((outcome = 'refused') = (reason IS NOT NULL))
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        END_OF_DAY_RUN,
        INTEREST_ACCRUAL,
        INTEREST_STANDING,
        INTEREST_REMAINDER,
        INTEREST_BOOKING,
        FEE_CHARGE,
    ):
        op.execute(statement)
