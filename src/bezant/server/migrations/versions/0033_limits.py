"""Limits and what was spent of them; who may act for an account, and what they approved."""

from alembic import op

revision = "0033"
down_revision = "0032"

# Versions of what is agreed, of an account or of a customer. The newest that has begun holds.
LIMIT_SETTING = """
    CREATE TABLE IF NOT EXISTS limit_setting (
        tenant_id uuid NOT NULL,
        owner_kind text NOT NULL CHECK (owner_kind IN ('account', 'party')),
        owner_id uuid NOT NULL,
        version int NOT NULL CHECK (version > 0),
        limits bytea NOT NULL,
        effective_at timestamptz,
        set_at timestamptz NOT NULL,
        set_by text NOT NULL,
        PRIMARY KEY (tenant_id, owner_kind, owner_id, version)
    )
"""

# What counts towards limits: one row for each order. A counterparty is a keyed fingerprint.
LIMIT_SPEND = """
    CREATE TABLE IF NOT EXISTS limit_spend (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        order_id uuid NOT NULL,
        asset text NOT NULL,
        amount numeric(39, 0) NOT NULL CHECK (amount > 0),
        party_id uuid,
        channel text NOT NULL,
        counterparty bytea,
        spent_at timestamptz NOT NULL,
        released_at timestamptz,
        PRIMARY KEY (tenant_id, account_id, order_id)
    )
"""

LIMIT_SPEND_BY_ACCOUNT = """
    CREATE INDEX IF NOT EXISTS limit_spend_by_account
        ON limit_spend (tenant_id, account_id, asset, spent_at)
        INCLUDE (channel, amount, counterparty, released_at)
"""

LIMIT_SPEND_BY_PARTY = """
    CREATE INDEX IF NOT EXISTS limit_spend_by_party
        ON limit_spend (tenant_id, party_id, asset, spent_at)
        INCLUDE (channel, amount, counterparty, released_at)
        WHERE party_id IS NOT NULL
"""

# For retention: what no window reaches is removed. By day, since a plan that was made while the
# table was empty would take an index by instant for what the index by account is there for.
LIMIT_SPEND_BY_DAY = """
    CREATE INDEX IF NOT EXISTS limit_spend_by_day
        ON limit_spend (tenant_id, ((spent_at AT TIME ZONE 'UTC')::date))
"""

# Whom an account may pay, or may not: keyed fingerprints.
LIMIT_COUNTERPARTY = """
    CREATE TABLE IF NOT EXISTS limit_counterparty (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        counterparty bytea NOT NULL,
        standing text NOT NULL CHECK (standing IN ('allowed', 'denied')),
        added_at timestamptz NOT NULL,
        added_by text NOT NULL,
        PRIMARY KEY (tenant_id, account_id, counterparty)
    )
"""

ACCOUNT_PARTY = """
    CREATE TABLE IF NOT EXISTS account_party (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        party_id uuid NOT NULL,
        role text NOT NULL CHECK (role IN ('holder', 'attorney', 'signatory')),
        valid_from timestamptz NOT NULL,
        valid_until timestamptz,
        added_at timestamptz NOT NULL,
        added_by text NOT NULL,
        PRIMARY KEY (tenant_id, account_id, party_id, role)
    )
"""

ACCOUNT_PARTY_BY_PARTY = """
    CREATE INDEX IF NOT EXISTS account_party_by_party ON account_party (tenant_id, party_id)
"""

# Versions of how many have to sign, by amount.
SIGNING_RULE = """
    CREATE TABLE IF NOT EXISTS signing_rule (
        tenant_id uuid NOT NULL,
        account_id uuid NOT NULL,
        version int NOT NULL CHECK (version > 0),
        bands bytea NOT NULL,
        set_at timestamptz NOT NULL,
        set_by text NOT NULL,
        PRIMARY KEY (tenant_id, account_id, version)
    )
"""

ORDER_APPROVAL = """
    CREATE TABLE IF NOT EXISTS order_approval (
        tenant_id uuid NOT NULL,
        order_id uuid NOT NULL,
        party_id uuid NOT NULL,
        account_id uuid NOT NULL,
        approved_at timestamptz NOT NULL,
        revoked_at timestamptz,
        PRIMARY KEY (tenant_id, order_id, party_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        LIMIT_SETTING,
        LIMIT_SPEND,
        LIMIT_SPEND_BY_ACCOUNT,
        LIMIT_SPEND_BY_PARTY,
        LIMIT_SPEND_BY_DAY,
        LIMIT_COUNTERPARTY,
        ACCOUNT_PARTY,
        ACCOUNT_PARTY_BY_PARTY,
        SIGNING_RULE,
        ORDER_APPROVAL,
    ):
        op.execute(statement)
