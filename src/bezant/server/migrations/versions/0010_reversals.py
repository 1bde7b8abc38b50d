"""Reversals, and transactions that are posted by schedule."""

from alembic import op

revision = "0010"
down_revision = "0009"

PARTITIONS = 16

# One row beside each leg that takes back a leg of an earlier transaction.
REVERSAL = """
    CREATE TABLE IF NOT EXISTS reversal (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        seq bigint NOT NULL,
        leg smallint NOT NULL,
        original_id uuid NOT NULL,
        original_leg smallint NOT NULL,
        PRIMARY KEY (tenant_id, book_id, seq, leg)
    ) PARTITION BY HASH (book_id)
"""

REVERSAL_BY_ORIGINAL = """
    CREATE INDEX IF NOT EXISTS reversal_by_original
    ON reversal (tenant_id, book_id, original_id, original_leg)
"""

# What is to be posted, and how far that has come; `terms` are never changed.
SCHEDULE = """
    CREATE TABLE IF NOT EXISTS schedule (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        schedule_id uuid NOT NULL,
        terms bytea NOT NULL,
        status text NOT NULL CHECK (status IN ('active', 'paused', 'completed', 'cancelled')),
        version bigint NOT NULL,
        next_no bigint NOT NULL CHECK (next_no > 0),
        next_at timestamptz,
        posted bigint NOT NULL CHECK (posted >= 0),
        failed bigint NOT NULL CHECK (failed >= 0),
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, schedule_id),
        CHECK (status <> 'active' OR next_at IS NOT NULL)
    ) PARTITION BY HASH (book_id)
"""

# Each change of a schedule once, an occurrence's outcome among them.
SCHEDULE_EVENT = """
    CREATE TABLE IF NOT EXISTS schedule_event (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        schedule_id uuid NOT NULL,
        version bigint NOT NULL,
        kind text NOT NULL
            CHECK (kind IN ('created', 'paused', 'resumed', 'cancelled', 'posted', 'failed')),
        occurrence_no bigint,
        occurs_at timestamptz,
        transaction_id uuid,
        seq bigint,
        code text,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, book_id, schedule_id, version),
        CHECK ((occurrence_no IS NOT NULL) = (kind IN ('posted', 'failed'))),
        CHECK ((seq IS NOT NULL) = (kind = 'posted')),
        CHECK ((code IS NOT NULL) = (kind = 'failed'))
    ) PARTITION BY HASH (book_id)
"""

SCHEDULE_EVENT_BY_OCCURRENCE = """
    CREATE INDEX IF NOT EXISTS schedule_event_by_occurrence
    ON schedule_event (tenant_id, book_id, schedule_id, occurrence_no, version)
"""

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES WITH (MODULUS {modulus}, REMAINDER {number}){storage}
"""

STORAGE = {"schedule": " WITH (fillfactor = 70)"}

PARTITIONED = ("reversal", "schedule", "schedule_event")


def upgrade() -> None:
    """Create what is missing."""
    for statement in (REVERSAL, SCHEDULE, SCHEDULE_EVENT):
        op.execute(statement)
    for table in PARTITIONED:
        for number in range(PARTITIONS):
            op.execute(
                PARTITION.format(
                    table=table, number=number, modulus=PARTITIONS, storage=STORAGE.get(table, "")
                )
            )
    for index in (REVERSAL_BY_ORIGINAL, SCHEDULE_EVENT_BY_OCCURRENCE):
        op.execute(index)
