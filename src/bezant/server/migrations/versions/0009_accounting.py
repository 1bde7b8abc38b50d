"""Accounting periods, requests to reopen them, and charts of accounts."""

from alembic import op

revision = "0009"
down_revision = "0008"

PARTITIONS = 16

# One row for each closing and reopening, numbered in the book's feed.
PERIOD_EVENT = """
    CREATE TABLE IF NOT EXISTS period_event (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        seq bigint NOT NULL,
        kind text NOT NULL CHECK (kind IN ('closed', 'reopened')),
        period text COLLATE "C" NOT NULL,
        transaction_id uuid,
        actor text NOT NULL,
        requested_by text,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, seq),
        CHECK ((kind = 'reopened') = (requested_by IS NOT NULL)),
        CHECK (requested_by <> actor)
    ) PARTITION BY HASH (book_id)
"""

# Requests for a second actor's approval. They are no history of the book: who asked and who
# approved what took effect is in its event.
PERIOD_REOPENING = """
    CREATE TABLE IF NOT EXISTS period_reopening (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        reopening_id uuid NOT NULL,
        period text COLLATE "C" NOT NULL,
        reason text NOT NULL,
        requested_by text NOT NULL,
        requested_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, reopening_id)
    ) PARTITION BY HASH (book_id)
"""

PERIOD_REOPENING_OUTCOME = """
    CREATE TABLE IF NOT EXISTS period_reopening_outcome (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        reopening_id uuid NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('approved', 'withdrawn', 'lapsed', 'expired')),
        actor text NOT NULL,
        decided_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, reopening_id)
    ) PARTITION BY HASH (book_id)
"""

# A chart as it was from an instant on, whole.
CHART = """
    CREATE TABLE IF NOT EXISTS chart (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        content bytea NOT NULL,
        actor text NOT NULL,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, version)
    ) PARTITION BY HASH (book_id)
"""

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES WITH (MODULUS {modulus}, REMAINDER {number})
"""

PARTITIONED = ("period_event", "period_reopening", "period_reopening_outcome", "chart")


def upgrade() -> None:
    """Create what is missing."""
    for statement in (PERIOD_EVENT, PERIOD_REOPENING, PERIOD_REOPENING_OUTCOME, CHART):
        op.execute(statement)
    for table in PARTITIONED:
        for number in range(PARTITIONS):
            op.execute(PARTITION.format(table=table, number=number, modulus=PARTITIONS))
