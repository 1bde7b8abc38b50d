"""Tenants, idempotency records and the audit log."""

from alembic import op

revision = "0001"
down_revision = None

TENANT = """
    CREATE TABLE IF NOT EXISTS tenant (
        tenant_id uuid PRIMARY KEY,
        name text NOT NULL,
        created_at timestamptz NOT NULL
    )
"""

IDEMPOTENCY_RECORD = """
    CREATE TABLE IF NOT EXISTS idempotency_record (
        tenant_id uuid NOT NULL,
        key text NOT NULL,
        salt bytea NOT NULL,
        fingerprint bytea NOT NULL,
        status smallint NOT NULL,
        body bytea NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, key)
    )
"""

AUDIT_ENTRY = """
    CREATE TABLE IF NOT EXISTS audit_entry (
        tenant_id uuid NOT NULL,
        entry_id uuid NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        action text NOT NULL,
        resource text NOT NULL,
        purpose text NOT NULL,
        origin text NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('done', 'refused')),
        status smallint NOT NULL,
        PRIMARY KEY (tenant_id, entry_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (TENANT, IDEMPOTENCY_RECORD, AUDIT_ENTRY):
        op.execute(statement)
