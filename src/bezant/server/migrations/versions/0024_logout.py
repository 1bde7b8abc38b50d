"""Logout: which clients a browser's session logged into, and where they are told of its end."""

from alembic import op

revision = "0024"
down_revision = "0023"

CLIENT_LOGOUT = """
    ALTER TABLE oauth_client
        ADD COLUMN IF NOT EXISTS post_logout_redirect_uris text[] NOT NULL DEFAULT '{}',
        ADD COLUMN IF NOT EXISTS backchannel_logout_uri text,
        ADD COLUMN IF NOT EXISTS backchannel_logout_session_required boolean NOT NULL DEFAULT false
"""

# What ends a session and what is written in it read the same row, so that they have an order.
SESSION_END = """
    ALTER TABLE identity_session ADD COLUMN IF NOT EXISTS ended_at timestamptz
"""

SESSION_CLIENT = """
    CREATE TABLE IF NOT EXISTS identity_session_client (
        tenant_id uuid NOT NULL,
        session_id uuid NOT NULL,
        client_id uuid NOT NULL,
        logged_in_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, session_id, client_id),
        FOREIGN KEY (tenant_id, session_id) REFERENCES identity_session (tenant_id, session_id),
        FOREIGN KEY (tenant_id, client_id) REFERENCES oauth_client (tenant_id, client_id)
    )
"""

SESSION_CLIENT_BY_AGE = """
    CREATE INDEX IF NOT EXISTS identity_session_client_by_age
    ON identity_session_client (tenant_id, logged_in_at)
"""

# The consent that a grant without a question follows from; it ends with it.
GRANT_DERIVED = """
    ALTER TABLE oauth_grant ADD COLUMN IF NOT EXISTS derived_from uuid
"""

GRANT_BY_ORIGIN = """
    CREATE INDEX IF NOT EXISTS oauth_grant_by_origin ON oauth_grant (tenant_id, derived_from)
    WHERE derived_from IS NOT NULL
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        CLIENT_LOGOUT,
        SESSION_END,
        SESSION_CLIENT,
        SESSION_CLIENT_BY_AGE,
        GRANT_DERIVED,
        GRANT_BY_ORIGIN,
    ):
        op.execute(statement)
