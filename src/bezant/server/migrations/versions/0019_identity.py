"""Issuers: their signing keys, their clients, and proofs that were used."""

from alembic import op

revision = "0019"
down_revision = "0018"

# `public_jwk` is what is published, as JSON; the key itself is in the vault under `reference`.
SIGNING_KEY = """
    CREATE TABLE IF NOT EXISTS signing_key (
        tenant_id uuid NOT NULL,
        key_id uuid NOT NULL,
        algorithm text NOT NULL CHECK (algorithm IN ('PS256', 'ES256', 'EdDSA')),
        public_jwk bytea NOT NULL,
        reference uuid NOT NULL,
        signs_from timestamptz NOT NULL,
        signs_until timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, key_id),
        CHECK (signs_from < signs_until)
    )
"""

# `jwks` is JSON that nothing is found by.
OAUTH_CLIENT = """
    CREATE TABLE IF NOT EXISTS oauth_client (
        tenant_id uuid NOT NULL,
        client_id uuid NOT NULL,
        name text NOT NULL,
        profile text NOT NULL
            CHECK (profile IN ('fapi2', 'fapi2-message-signing', 'fapi1-advanced')),
        authentication text NOT NULL
            CHECK (authentication IN (
                'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth', 'none'
            )),
        binding text NOT NULL CHECK (binding IN ('dpop', 'mtls')),
        redirect_uris text[] NOT NULL,
        grant_types text[] NOT NULL,
        scopes text[] NOT NULL,
        jwks bytea,
        jwks_uri text,
        tls_subject_member text,
        tls_subject text,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        disabled_at timestamptz,
        PRIMARY KEY (tenant_id, client_id),
        CHECK (jwks IS NULL OR jwks_uri IS NULL),
        CHECK ((tls_subject_member IS NULL) = (tls_subject IS NULL)),
        CHECK ((authentication = 'tls_client_auth') = (tls_subject IS NOT NULL)),
        CHECK (authentication <> 'none' OR binding = 'dpop')
    )
"""

# What was presented once and is refused the second time: a row until it is too old anyway.
USED_PROOF = """
    CREATE TABLE IF NOT EXISTS used_proof (
        tenant_id uuid NOT NULL,
        digest bytea NOT NULL CHECK (length(digest) = 32),
        until timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, digest)
    )
"""

# What the sweep looks for.
USED_PROOF_BY_END = """
    CREATE INDEX IF NOT EXISTS used_proof_by_end ON used_proof (tenant_id, until)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (SIGNING_KEY, OAUTH_CLIENT, USED_PROOF, USED_PROOF_BY_END):
        op.execute(statement)
