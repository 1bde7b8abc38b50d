"""Reversals, and transactions that are posted by schedule."""

from alembic import op

revision = "0010"
down_revision = "0007"

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

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES WITH (MODULUS {modulus}, REMAINDER {number}){storage}
"""

STORAGE: dict[str, str] = {}

PARTITIONED = ("reversal",)


def upgrade() -> None:
    """Create what is missing."""
    op.execute(REVERSAL)
    for table in PARTITIONED:
        for number in range(PARTITIONS):
            op.execute(
                PARTITION.format(
                    table=table, number=number, modulus=PARTITIONS, storage=STORAGE.get(table, "")
                )
            )
    op.execute(REVERSAL_BY_ORIGINAL)
