"""Webhook endpoints, their signing keys, how far each has got, and what was delivered."""

from alembic import op

revision = "0006"
down_revision = "0005"

WEBHOOK_ENDPOINT = """
    CREATE TABLE IF NOT EXISTS webhook_endpoint (
        tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
        endpoint_id uuid NOT NULL,
        url text NOT NULL,
        description text NOT NULL,
        event_types text[],
        books uuid[],
        status text NOT NULL CHECK (status IN ('enabled', 'disabled', 'deleted')),
        disabled_reason text CHECK (disabled_reason IN ('asked', 'gone', 'failing')),
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, endpoint_id)
    )
"""

# `sealed` opens with a key that the database does not hold.
WEBHOOK_KEY = """
    CREATE TABLE IF NOT EXISTS webhook_key (
        tenant_id uuid NOT NULL,
        endpoint_id uuid NOT NULL,
        key_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('hmac', 'ed25519')),
        sealed bytea NOT NULL,
        public_key text,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        PRIMARY KEY (tenant_id, endpoint_id, key_id),
        FOREIGN KEY (tenant_id, endpoint_id)
            REFERENCES webhook_endpoint (tenant_id, endpoint_id)
    )
"""

# Who works for an endpoint, and how it fares. `epoch` fences: every write of a round compares it.
WEBHOOK_DISPATCH = """
    CREATE TABLE IF NOT EXISTS webhook_dispatch (
        tenant_id uuid NOT NULL,
        endpoint_id uuid NOT NULL,
        epoch bigint NOT NULL,
        lease_until timestamptz NOT NULL,
        failures integer NOT NULL,
        failing_since timestamptz,
        resume_at timestamptz NOT NULL,
        due_at timestamptz,
        PRIMARY KEY (tenant_id, endpoint_id),
        FOREIGN KEY (tenant_id, endpoint_id)
            REFERENCES webhook_endpoint (tenant_id, endpoint_id)
    ) WITH (fillfactor = 50)
"""

WEBHOOK_CURSOR = """
    CREATE TABLE IF NOT EXISTS webhook_cursor (
        tenant_id uuid NOT NULL,
        endpoint_id uuid NOT NULL,
        stream text NOT NULL,
        after bigint NOT NULL,
        PRIMARY KEY (tenant_id, endpoint_id, stream)
    )
"""

# No payload: it is read again from its stream, so that what is erased there is not kept here.
WEBHOOK_DELIVERY = """
    CREATE TABLE IF NOT EXISTS webhook_delivery (
        tenant_id uuid NOT NULL,
        endpoint_id uuid NOT NULL,
        delivery_id uuid NOT NULL,
        stream text NOT NULL,
        sequence bigint NOT NULL,
        event_type text NOT NULL,
        object_key text NOT NULL,
        occurred_at timestamptz NOT NULL,
        replay_of uuid,
        status text NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
        attempts integer NOT NULL,
        next_attempt_at timestamptz NOT NULL,
        first_attempt_at timestamptz,
        last_attempt_at timestamptz,
        response_status smallint,
        latency_ms integer,
        error text,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, endpoint_id, delivery_id)
    )
"""

WEBHOOK_DELIVERY_BY_OBJECT = """
    CREATE INDEX IF NOT EXISTS webhook_delivery_by_object
    ON webhook_delivery (tenant_id, endpoint_id, status, stream, object_key, sequence)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        WEBHOOK_ENDPOINT,
        WEBHOOK_KEY,
        WEBHOOK_DISPATCH,
        WEBHOOK_CURSOR,
        WEBHOOK_DELIVERY,
        WEBHOOK_DELIVERY_BY_OBJECT,
    ):
        op.execute(statement)
