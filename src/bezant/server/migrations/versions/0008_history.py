"""Snapshots of the past: each account's entries in blocks, sorted by each of their three times."""

from alembic import op

revision = "0008"
down_revision = "0007"

PARTITIONS = 16

# A block covers an account's legs from after `after_seq` up to `last_seq`. `through` counts all of
# the account's legs up to there; each of its chunks but an axis's last holds `chunk_legs`.
HISTORY_BLOCK = """
    CREATE TABLE IF NOT EXISTS history_block (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        after_seq bigint NOT NULL,
        level smallint NOT NULL CHECK (level >= 0),
        last_seq bigint NOT NULL CHECK (last_seq > after_seq),
        number bigint NOT NULL CHECK (number >= 0),
        through bigint NOT NULL CHECK (through > 0),
        chunk_legs smallint NOT NULL CHECK (chunk_legs > 0),
        PRIMARY KEY (tenant_id, book_id, account_no, after_seq, level)
    ) PARTITION BY HASH (book_id)
"""

# Some of a block's legs, next to each other in the order of an axis, one element of each array a
# leg; and the sums over those of the block that come before. Sums of legs in another order than the
# lane's may pass an account's bounds on the way: they are as wide as a limit group's.
HISTORY_CHUNK = """
    CREATE TABLE IF NOT EXISTS history_chunk (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        account_no bigint NOT NULL,
        after_seq bigint NOT NULL,
        level smallint NOT NULL,
        axis text COLLATE "C" NOT NULL CHECK (axis IN ('effective', 'booking', 'value')),
        first_at timestamptz NOT NULL,
        first_seq bigint NOT NULL,
        first_leg smallint NOT NULL,
        legs_before bigint NOT NULL,
        debits_posted_before numeric(48,0) NOT NULL,
        credits_posted_before numeric(48,0) NOT NULL,
        debits_pending_before numeric(48,0) NOT NULL,
        credits_pending_before numeric(48,0) NOT NULL,
        ats timestamptz[] NOT NULL,
        seqs bigint[] NOT NULL,
        legs smallint[] NOT NULL,
        are_debits boolean[] NOT NULL,
        posted numeric(39,0)[] NOT NULL,
        pending numeric(39,0)[] NOT NULL,
        PRIMARY KEY (
            tenant_id, book_id, account_no, after_seq, level, axis, first_at, first_seq, first_leg
        )
    ) PARTITION BY HASH (book_id)
"""

# Up to which number each book has been looked through for accounts that need a block.
HISTORY_PROGRESS = """
    CREATE TABLE IF NOT EXISTS history_progress (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        seq bigint NOT NULL,
        PRIMARY KEY (tenant_id, book_id)
    ) PARTITION BY HASH (book_id)
"""

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES WITH (MODULUS {modulus}, REMAINDER {number}){storage}
"""

STORAGE = {"history_progress": " WITH (fillfactor = 50)"}

PARTITIONED = ("history_block", "history_chunk", "history_progress")


def upgrade() -> None:
    """Create what is missing."""
    for statement in (HISTORY_BLOCK, HISTORY_CHUNK, HISTORY_PROGRESS):
        op.execute(statement)
    for table in PARTITIONED:
        for number in range(PARTITIONS):
            op.execute(
                PARTITION.format(
                    table=table, number=number, modulus=PARTITIONS, storage=STORAGE.get(table, "")
                )
            )
