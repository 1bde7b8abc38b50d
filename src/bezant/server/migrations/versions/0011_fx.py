"""Exchange rates, quotes, and what was carried out of them."""

from alembic import op

revision = "0011"
down_revision = "0010"

PARTITIONS = 16

# One row per change; the last one holds.
FX_SETTINGS = """
    CREATE TABLE IF NOT EXISTS fx_settings (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        functional_asset text NOT NULL,
        realised_account text NOT NULL,
        unrealised_account text NOT NULL,
        spread_account text NOT NULL,
        set_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, version)
    ) PARTITION BY HASH (book_id)
"""

# Rates are exact texts: decimals, or quotients of integers. No engine's number type holds both.
FX_RATE = """
    CREATE TABLE IF NOT EXISTS fx_rate (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        base text NOT NULL,
        quote text NOT NULL CHECK (quote <> base),
        at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        rate_id uuid NOT NULL,
        rate text NOT NULL,
        source text NOT NULL,
        PRIMARY KEY (tenant_id, book_id, base, quote, at, recorded_at, rate_id)
    ) PARTITION BY HASH (book_id)
"""

FX_QUOTE = """
    CREATE TABLE IF NOT EXISTS fx_quote (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        quote_id uuid NOT NULL,
        sell text NOT NULL,
        buy text NOT NULL CHECK (buy <> sell),
        sell_amount numeric(39,0) NOT NULL CHECK (sell_amount > 0),
        buy_amount numeric(39,0) NOT NULL CHECK (buy_amount > 0),
        mid_rate text NOT NULL,
        rate_at timestamptz NOT NULL,
        client_rate text NOT NULL,
        spread_asset text NOT NULL,
        spread_amount numeric(39,0) NOT NULL CHECK (spread_amount >= 0),
        functional_asset text NOT NULL,
        functional_value numeric(39,0) NOT NULL CHECK (functional_value >= 0),
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
        PRIMARY KEY (tenant_id, book_id, quote_id)
    ) PARTITION BY HASH (book_id)
"""

# Those that may be removed.
FX_QUOTE_BY_EXPIRY = """
    CREATE INDEX IF NOT EXISTS fx_quote_by_expiry ON fx_quote (tenant_id, book_id, expires_at)
"""

# What was carried out: the quote is the key, so that there is one of each at most.
FX_CONVERSION = """
    CREATE TABLE IF NOT EXISTS fx_conversion (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        quote_id uuid NOT NULL,
        seq bigint NOT NULL,
        from_account text COLLATE "C" NOT NULL,
        to_account text COLLATE "C" NOT NULL,
        realised numeric(40,0) NOT NULL,
        converted_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, quote_id)
    ) PARTITION BY HASH (book_id)
"""

# The report as it was answered, JSON: asked for again, it is answered again. The number is the key,
# so that of two that follow the same one, only one can be written.
FX_REVALUATION = """
    CREATE TABLE IF NOT EXISTS fx_revaluation (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        number integer NOT NULL CHECK (number > 0),
        at timestamptz NOT NULL,
        report text NOT NULL,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, number)
    ) PARTITION BY HASH (book_id)
"""

FX_REVALUATION_BY_INSTANT = """
    CREATE UNIQUE INDEX IF NOT EXISTS fx_revaluation_by_instant
    ON fx_revaluation (tenant_id, book_id, at)
"""

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES WITH (MODULUS {modulus}, REMAINDER {number})
"""

PARTITIONED = ("fx_settings", "fx_rate", "fx_quote", "fx_conversion", "fx_revaluation")


def upgrade() -> None:
    """Create what is missing."""
    for statement in (FX_SETTINGS, FX_RATE, FX_QUOTE, FX_CONVERSION, FX_REVALUATION):
        op.execute(statement)
    for table in PARTITIONED:
        for number in range(PARTITIONS):
            op.execute(PARTITION.format(table=table, number=number, modulus=PARTITIONS))
    op.execute(FX_QUOTE_BY_EXPIRY)
    op.execute(FX_REVALUATION_BY_INSTANT)
