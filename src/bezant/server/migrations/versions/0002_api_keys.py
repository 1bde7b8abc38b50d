"""API keys."""

from alembic import op

revision = "0002"
down_revision = "0001"

API_KEY = """
    CREATE TABLE IF NOT EXISTS api_key (
        tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
        key_id uuid NOT NULL,
        name text NOT NULL,
        secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz,
        replaced_by uuid,
        PRIMARY KEY (tenant_id, key_id),
        FOREIGN KEY (tenant_id, replaced_by) REFERENCES api_key (tenant_id, key_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    op.execute(API_KEY)
