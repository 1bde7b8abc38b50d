"""Jobs, leases, and events outside books with the streams that number them."""

from alembic import op

revision = "0005"
down_revision = "0004"

PARTITIONS = 8

# Who is alive, by name. The database's clock alone decides, so that workers' clocks do not matter.
LEASE = """
    CREATE TABLE IF NOT EXISTS lease (
        name text PRIMARY KEY,
        holder uuid NOT NULL,
        lease_until timestamptz NOT NULL
    )
"""

# One row per partition, in a relation of its own, so that partitions do not abort each other. Its
# `version` counts the rounds in which jobs were handed out: each is a compare-and-set.
JOB_PARTITION = """
    CREATE TABLE IF NOT EXISTS job_partition (
        partition_no smallint PRIMARY KEY,
        version bigint NOT NULL
    ) PARTITION BY LIST (partition_no)
"""

# `epoch` counts the times that a job was handed out and is the fencing token of whoever runs it;
# `attempt` counts those that counted, since the job was made or replayed (`since`). A job with a
# `key` waits as `queued` until its turn; `is_unseen` says that whose turn it is may have changed.
JOB = """
    CREATE TABLE IF NOT EXISTS job (
        tenant_id uuid NOT NULL,
        partition_no smallint NOT NULL,
        job_id uuid NOT NULL,
        kind text NOT NULL,
        key text,
        order_no bigint NOT NULL,
        unique_key text NOT NULL,
        payload bytea NOT NULL,
        state text NOT NULL
            CHECK (state IN ('queued', 'ready', 'running', 'done', 'dead', 'discarded')),
        is_unseen boolean NOT NULL,
        epoch bigint NOT NULL,
        attempt integer NOT NULL,
        lease text,
        run_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        since timestamptz NOT NULL,
        ended_at timestamptz,
        last_error text,
        PRIMARY KEY (tenant_id, partition_no, job_id),
        UNIQUE (tenant_id, partition_no, kind, unique_key),
        CHECK ((state = 'running') = (lease IS NOT NULL)),
        CHECK ((state IN ('done', 'dead', 'discarded')) = (ended_at IS NOT NULL))
    ) PARTITION BY LIST (partition_no)
"""

JOB_DUE = """
    CREATE INDEX IF NOT EXISTS job_due ON job (partition_no, kind, run_at) WHERE state = 'ready'
"""

JOB_UNSEEN = """
    CREATE INDEX IF NOT EXISTS job_unseen ON job (partition_no, job_id) WHERE is_unseen
"""

JOB_RUNNING = """
    CREATE INDEX IF NOT EXISTS job_running ON job (partition_no, lease) WHERE state = 'running'
"""

JOB_QUEUED = """
    CREATE INDEX IF NOT EXISTS job_queued
    ON job (tenant_id, partition_no, kind, key, order_no, job_id) WHERE state = 'queued'
"""

# What runs, or runs next, of a key: one. Held by the database, not by the code's care.
JOB_ACTIVE = """
    CREATE UNIQUE INDEX IF NOT EXISTS job_active
    ON job (tenant_id, partition_no, kind, key)
    WHERE key IS NOT NULL AND state IN ('ready', 'running')
"""

JOB_DEAD = """
    CREATE INDEX IF NOT EXISTS job_dead ON job (tenant_id, job_id) WHERE state = 'dead'
"""

JOB_ENDED = """
    CREATE INDEX IF NOT EXISTS job_ended ON job (partition_no, state, ended_at)
    WHERE ended_at IS NOT NULL
"""

PARTITION = """
    CREATE TABLE IF NOT EXISTS {table}_{number:02} PARTITION OF {table}
    FOR VALUES IN ({number}){storage}
"""

FILL = """
    INSERT INTO job_partition (partition_no, version)
    SELECT number, 0 FROM generate_series(0, 7) AS new (number)
    ON CONFLICT (partition_no) DO NOTHING
"""

# `seq` is the last number given out, `first_seq` the oldest that is still kept.
EVENT_STREAM = """
    CREATE TABLE IF NOT EXISTS event_stream (
        tenant_id uuid PRIMARY KEY,
        seq bigint NOT NULL,
        first_seq bigint NOT NULL
    )
"""

# Written with the change that an event tells of; gone when it has its number.
EVENT_PENDING = """
    CREATE TABLE IF NOT EXISTS event_pending (
        tenant_id uuid NOT NULL,
        event_id uuid NOT NULL,
        kind text NOT NULL,
        subject text NOT NULL,
        data bytea NOT NULL,
        occurred_at timestamptz NOT NULL,
        written_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, event_id)
    )
"""

EVENT = """
    CREATE TABLE IF NOT EXISTS event (
        tenant_id uuid NOT NULL,
        seq bigint NOT NULL,
        event_id uuid NOT NULL,
        kind text NOT NULL,
        subject text NOT NULL,
        data bytea NOT NULL,
        occurred_at timestamptz NOT NULL,
        numbered_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, seq),
        UNIQUE (tenant_id, event_id)
    )
"""

IDEMPOTENCY_BY_AGE = """
    CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency_record (tenant_id, created_at)
"""

# A partition's row is updated in place: room on its page keeps its index as it is.
STORAGE = {"job_partition": " WITH (fillfactor = 10)", "job": ""}


def upgrade() -> None:
    """Create what is missing."""
    for statement in (LEASE, JOB_PARTITION, JOB, EVENT_STREAM, EVENT_PENDING, EVENT):
        op.execute(statement)
    for table, storage in STORAGE.items():
        for number in range(PARTITIONS):
            op.execute(PARTITION.format(table=table, number=number, storage=storage))
    op.execute(FILL)
    for statement in (
        JOB_DUE,
        JOB_UNSEEN,
        JOB_RUNNING,
        JOB_QUEUED,
        JOB_ACTIVE,
        JOB_DEAD,
        JOB_ENDED,
        IDEMPOTENCY_BY_AGE,
    ):
        op.execute(statement)
