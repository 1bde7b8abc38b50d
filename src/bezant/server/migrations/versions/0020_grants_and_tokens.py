"""What users gave to clients, and the tokens that hang on it; of tokens their digests only."""

from alembic import op

revision = "0020"
down_revision = "0019"

# `login` and `details` are JSON that nothing is found by. Rows stay: they tell what was given.
OAUTH_GRANT = """
    CREATE TABLE IF NOT EXISTS oauth_grant (
        tenant_id uuid NOT NULL,
        grant_id uuid NOT NULL,
        client_id uuid NOT NULL,
        user_id uuid NOT NULL,
        login bytea NOT NULL,
        scopes text[] NOT NULL,
        details bytea NOT NULL,
        resources text[] NOT NULL,
        until timestamptz,
        created_at timestamptz NOT NULL,
        revoked_at timestamptz,
        PRIMARY KEY (tenant_id, grant_id)
    )
"""

OAUTH_GRANT_BY_USER = """
    CREATE INDEX IF NOT EXISTS oauth_grant_by_user ON oauth_grant (tenant_id, user_id, grant_id)
"""

OAUTH_GRANT_BY_CLIENT = """
    CREATE INDEX IF NOT EXISTS oauth_grant_by_client
    ON oauth_grant (tenant_id, client_id, grant_id)
"""

# A token of a client's own has no grant.
ACCESS_TOKEN = """
    CREATE TABLE IF NOT EXISTS access_token (
        tenant_id uuid NOT NULL,
        jti_hash bytea NOT NULL,
        client_id uuid NOT NULL,
        grant_id uuid,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        PRIMARY KEY (tenant_id, jti_hash)
    )
"""

ACCESS_TOKEN_ENDING = """
    CREATE INDEX IF NOT EXISTS access_token_ending ON access_token (tenant_id, expires_at)
"""

# `jkt` is the key of a public client. `salt` is what the successor follows from, together with the
# token itself, which is not here.
REFRESH_TOKEN = """
    CREATE TABLE IF NOT EXISTS refresh_token (
        tenant_id uuid NOT NULL,
        token_hash bytea NOT NULL,
        client_id uuid NOT NULL,
        grant_id uuid NOT NULL,
        jkt text,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz,
        spent_at timestamptz,
        salt bytea,
        PRIMARY KEY (tenant_id, token_hash),
        FOREIGN KEY (tenant_id, grant_id) REFERENCES oauth_grant (tenant_id, grant_id),
        CHECK ((spent_at IS NULL) = (salt IS NULL)),
        CHECK (jkt IS NOT NULL OR spent_at IS NULL)
    )
"""

REFRESH_TOKEN_ENDING = """
    CREATE INDEX IF NOT EXISTS refresh_token_ending ON refresh_token (tenant_id, expires_at)
    WHERE expires_at IS NOT NULL
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        OAUTH_GRANT,
        OAUTH_GRANT_BY_USER,
        OAUTH_GRANT_BY_CLIENT,
        ACCESS_TOKEN,
        ACCESS_TOKEN_ENDING,
        REFRESH_TOKEN,
        REFRESH_TOKEN_ENDING,
    ):
        op.execute(statement)
