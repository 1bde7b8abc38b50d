"""Authorization requests while they last, and codes; of secrets their digests only."""

from alembic import op

revision = "0021"
down_revision = "0020"

# `request` is JSON that nothing is found by. Rows go when the request is answered, or soon after it
# has expired: it may name the person who is to log in.
PUSHED_REQUEST = """
    CREATE TABLE IF NOT EXISTS pushed_request (
        tenant_id uuid NOT NULL,
        uri_hash bytea NOT NULL,
        client_id uuid NOT NULL,
        request bytea NOT NULL,
        begun integer NOT NULL DEFAULT 0,
        pushed_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, uri_hash)
    )
"""

PUSHED_REQUEST_ENDING = """
    CREATE INDEX IF NOT EXISTS pushed_request_ending ON pushed_request (tenant_id, expires_at)
"""

INTERACTION = """
    CREATE TABLE IF NOT EXISTS interaction (
        tenant_id uuid NOT NULL,
        interaction_id uuid NOT NULL,
        browser_hash bytea NOT NULL,
        uri_hash bytea NOT NULL,
        begun_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, interaction_id)
    )
"""

INTERACTION_ENDING = """
    CREATE INDEX IF NOT EXISTS interaction_ending ON interaction (tenant_id, expires_at)
"""

# `confirmation` is the key that a code is bound to; `asked` is what its request asks of ID tokens.
AUTHORIZATION_CODE = """
    CREATE TABLE IF NOT EXISTS authorization_code (
        tenant_id uuid NOT NULL,
        code_hash bytea NOT NULL,
        client_id uuid NOT NULL,
        grant_id uuid NOT NULL,
        redirect_uri text NOT NULL,
        challenge text NOT NULL,
        confirmation bytea,
        nonce text,
        asked bytea NOT NULL,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        redeemed_at timestamptz,
        PRIMARY KEY (tenant_id, code_hash),
        FOREIGN KEY (tenant_id, grant_id) REFERENCES oauth_grant (tenant_id, grant_id)
    )
"""

AUTHORIZATION_CODE_ENDING = """
    CREATE INDEX IF NOT EXISTS authorization_code_ending
    ON authorization_code (tenant_id, expires_at)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        PUSHED_REQUEST,
        PUSHED_REQUEST_ENDING,
        INTERACTION,
        INTERACTION_ENDING,
        AUTHORIZATION_CODE,
        AUTHORIZATION_CODE_ENDING,
    ):
        op.execute(statement)
