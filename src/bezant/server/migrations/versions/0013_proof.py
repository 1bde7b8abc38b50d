"""Inner nodes of books' logs, checkpoints, and the keys that sign them."""

from alembic import op

revision = "0013"
down_revision = "0011"

PARTITIONS = 16

# Complete subtrees over 256^level batches, so that a proof reads hundreds of rows and not all. They
# follow from `batch`, and are added after it, by whoever signs checkpoints.
LOG_NODE = """
    CREATE TABLE IF NOT EXISTS log_node (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        level smallint NOT NULL CHECK (level BETWEEN 1 AND 7),
        node_no bigint NOT NULL,
        hash bytea NOT NULL CHECK (octet_length(hash) = 32),
        PRIMARY KEY (tenant_id, book_id, level, node_no)
    ) PARTITION BY HASH (book_id)
"""

# What was signed. `replaces_*` are the numbers of those that an operator declared void with it.
CHECKPOINT = """
    CREATE TABLE IF NOT EXISTS checkpoint (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        checkpoint_no bigint NOT NULL,
        log_size bigint NOT NULL,
        seq bigint NOT NULL,
        root bytea NOT NULL CHECK (octet_length(root) = 32),
        note text NOT NULL,
        signed_at timestamptz NOT NULL,
        replaces_first bigint,
        replaces_last bigint,
        PRIMARY KEY (tenant_id, book_id, checkpoint_no)
    ) PARTITION BY HASH (book_id)
"""

# `sealed` opens with a key that the database does not hold. A key that no longer signs stays: what
# it signed has to be verified for ever.
CHECKPOINT_KEY = """
    CREATE TABLE IF NOT EXISTS checkpoint_key (
        tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
        key_id uuid NOT NULL,
        sealed bytea NOT NULL,
        public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        PRIMARY KEY (tenant_id, key_id)
    )
"""

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES WITH (MODULUS {modulus}, REMAINDER {number})
"""

PARTITIONED = ("log_node", "checkpoint")


def upgrade() -> None:
    """Create what is missing."""
    for statement in (LOG_NODE, CHECKPOINT, CHECKPOINT_KEY):
        op.execute(statement)
    for table in PARTITIONED:
        for number in range(PARTITIONS):
            op.execute(PARTITION.format(table=table, number=number, modulus=PARTITIONS))
