"""Clients that register themselves: whom a tenant trusts to do so, and who did."""

from alembic import op

revision = "0027"
down_revision = "0026"

# Who signs software statements that count here. `issuer` is their `iss`.
STATEMENT_ISSUER = """
    CREATE TABLE IF NOT EXISTS software_statement_issuer (
        tenant_id uuid NOT NULL,
        issuer_id uuid NOT NULL,
        issuer text NOT NULL,
        jwks bytea,
        jwks_uri text,
        profile text NOT NULL
            CHECK (profile IN ('fapi2', 'fapi2-message-signing', 'fapi1-advanced')),
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, issuer_id),
        CHECK ((jwks IS NULL) <> (jwks_uri IS NULL))
    )
"""

# One name has one set of keys.
STATEMENT_ISSUER_BY_NAME = """
    CREATE UNIQUE INDEX IF NOT EXISTS software_statement_issuer_by_name
    ON software_statement_issuer (tenant_id, issuer)
"""

INITIAL_ACCESS_TOKEN = """
    CREATE TABLE IF NOT EXISTS initial_access_token (
        tenant_id uuid NOT NULL,
        token_id uuid NOT NULL,
        token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
        name text NOT NULL,
        profile text NOT NULL
            CHECK (profile IN ('fapi2', 'fapi2-message-signing', 'fapi1-advanced')),
        scopes text[] NOT NULL,
        uses_left integer NOT NULL CHECK (uses_left >= 0),
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        PRIMARY KEY (tenant_id, token_id)
    )
"""

INITIAL_ACCESS_TOKEN_BY_HASH = """
    CREATE UNIQUE INDEX IF NOT EXISTS initial_access_token_by_hash
    ON initial_access_token (tenant_id, token_hash)
"""

# What the sweep looks for.
INITIAL_ACCESS_TOKEN_BY_END = """
    CREATE INDEX IF NOT EXISTS initial_access_token_by_end
    ON initial_access_token (tenant_id, expires_at)
"""

# `limits` is JSON: what the client may become by its own update. Without a token nobody manages it.
CLIENT_REGISTRATION = """
    CREATE TABLE IF NOT EXISTS client_registration (
        tenant_id uuid NOT NULL,
        client_id uuid NOT NULL,
        token_hash bytea CHECK (length(token_hash) = 32),
        former_token_hash bytea CHECK (length(former_token_hash) = 32),
        limits bytea NOT NULL,
        initial_access_token uuid,
        statement_issuer text,
        statement_id text,
        statement_hash bytea CHECK (length(statement_hash) = 32),
        software_id text,
        software_version text,
        registered_at timestamptz NOT NULL,
        deleted_at timestamptz,
        PRIMARY KEY (tenant_id, client_id),
        FOREIGN KEY (tenant_id, client_id) REFERENCES oauth_client (tenant_id, client_id),
        CHECK ((initial_access_token IS NULL) <> (statement_issuer IS NULL)),
        CHECK ((statement_issuer IS NULL) = (statement_id IS NULL)),
        CHECK ((statement_issuer IS NULL) = (statement_hash IS NULL)),
        CHECK ((deleted_at IS NULL) = (token_hash IS NOT NULL)),
        CHECK (deleted_at IS NULL OR former_token_hash IS NULL)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        STATEMENT_ISSUER,
        STATEMENT_ISSUER_BY_NAME,
        INITIAL_ACCESS_TOKEN,
        INITIAL_ACCESS_TOKEN_BY_HASH,
        INITIAL_ACCESS_TOKEN_BY_END,
        CLIENT_REGISTRATION,
    ):
        op.execute(statement)
