"""Sessions."""

from alembic import op

revision = "0007"
down_revision = "0006"

SESSION = """
    CREATE TABLE IF NOT EXISTS session (
        tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
        session_id uuid NOT NULL,
        secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
        subject text NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        idle_s integer NOT NULL CHECK (idle_s > 0),
        last_used_at timestamptz NOT NULL,
        revoked_at timestamptz,
        version bigint NOT NULL,
        PRIMARY KEY (tenant_id, session_id)
    )
"""

SESSION_BY_SUBJECT = """
    CREATE INDEX IF NOT EXISTS session_by_subject ON session (tenant_id, subject)
"""

SESSION_BY_REVOCATION = """
    CREATE INDEX IF NOT EXISTS session_by_revocation ON session (tenant_id, revoked_at)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (SESSION, SESSION_BY_SUBJECT, SESSION_BY_REVOCATION):
        op.execute(statement)
