"""Backchannel authentication: requests that users decide about on their own devices."""

from alembic import op

revision = "0026"
down_revision = "0025"

# JSON that nothing is found by.
OF_CLIENTS = """
    ALTER TABLE oauth_client ADD COLUMN IF NOT EXISTS backchannel bytea
"""

# `user_id` may be nobody's, and `approval_id` none: what is asked of nobody looks the same to the
# client until it is over. What is asked is sealed, since messages to people are in it.
REQUEST = """
    CREATE TABLE IF NOT EXISTS backchannel_request (
        tenant_id uuid NOT NULL,
        id_hash bytea NOT NULL CHECK (octet_length(id_hash) = 32),
        client_id uuid NOT NULL,
        user_id uuid NOT NULL,
        approval_id uuid,
        delivery text NOT NULL CHECK (delivery IN ('poll', 'ping')),
        sealed bytea NOT NULL,
        interval_s integer NOT NULL,
        polled_at timestamptz,
        asked_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, id_hash)
    )
"""

BY_USER = """
    CREATE INDEX IF NOT EXISTS backchannel_request_by_user
    ON backchannel_request (tenant_id, user_id)
"""

BY_APPROVAL = """
    CREATE INDEX IF NOT EXISTS backchannel_request_by_approval
    ON backchannel_request (tenant_id, approval_id)
"""

BY_END = """
    CREATE INDEX IF NOT EXISTS backchannel_request_by_end
    ON backchannel_request (tenant_id, expires_at)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (OF_CLIENTS, REQUEST, BY_USER, BY_APPROVAL, BY_END):
        op.execute(statement)
