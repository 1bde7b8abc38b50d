"""Tokens of the vault, and the hosts to which it sends what they stand for."""

from alembic import op

revision = "0016"
down_revision = "0015"

# What a token stands for is in `vault_value` under its references; of a card the last month and the
# holder have their own. A fingerprint is an HMAC under a key of the tenant. What is shown beside a
# token (brand, BIN, last four) may be shown beside it anywhere.
VAULT_TOKENS = """
    CREATE TABLE IF NOT EXISTS vault_token (
        tenant_id uuid NOT NULL,
        token text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('card', 'bank_account', 'value')),
        format text NOT NULL CHECK (format IN ('opaque', 'card', 'card_bin', 'shaped', 'ff1')),
        subject_id uuid NOT NULL,
        name text NOT NULL,
        reference uuid NOT NULL,
        expiry_reference uuid,
        holder_reference uuid,
        fingerprint bytea NOT NULL,
        fingerprint_version integer NOT NULL,
        is_single_use boolean NOT NULL,
        brand text,
        bin text,
        last_four text,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        used_at timestamptz,
        revoked_at timestamptz,
        PRIMARY KEY (tenant_id, token),
        FOREIGN KEY (tenant_id, subject_id) REFERENCES vault_subject (tenant_id, subject_id),
        CHECK (used_at IS NULL OR is_single_use)
    )
"""

# One token that is used many times for what a subject has, whoever asks at the same time.
VAULT_TOKENS_DISTINCT = """
    CREATE UNIQUE INDEX IF NOT EXISTS vault_token_distinct
    ON vault_token (tenant_id, subject_id, fingerprint, format)
    WHERE NOT is_single_use AND revoked_at IS NULL
"""

VAULT_TOKENS_BY_SUBJECT = """
    CREATE INDEX IF NOT EXISTS vault_token_by_subject ON vault_token (tenant_id, subject_id)
"""

VAULT_TOKENS_BY_FINGERPRINT = """
    CREATE INDEX IF NOT EXISTS vault_token_by_fingerprint ON vault_token (tenant_id, fingerprint)
"""

VAULT_TOKENS_BY_KEY = """
    CREATE INDEX IF NOT EXISTS vault_token_by_key ON vault_token (tenant_id, fingerprint_version)
"""

VAULT_TOKENS_EXPIRING = """
    CREATE INDEX IF NOT EXISTS vault_token_expiring ON vault_token (tenant_id, expires_at)
    WHERE expires_at IS NOT NULL
"""

VAULT_DESTINATION = """
    CREATE TABLE IF NOT EXISTS vault_destination (
        tenant_id uuid NOT NULL,
        destination_id uuid NOT NULL,
        host text NOT NULL,
        port integer NOT NULL,
        path_prefix text NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, destination_id)
    )
"""

VAULT_DESTINATION_DISTINCT = """
    CREATE UNIQUE INDEX IF NOT EXISTS vault_destination_distinct
    ON vault_destination (tenant_id, host, port, path_prefix)
"""

# Requests that were sent on, so that none is sent twice: `sending` without a process that is at it
# means that nobody knows. The answer is sealed under `reference`.
VAULT_FORWARD = """
    CREATE TABLE IF NOT EXISTS vault_forward (
        tenant_id uuid NOT NULL,
        forward_id uuid NOT NULL,
        state text NOT NULL CHECK (state IN ('sending', 'unsent', 'unknown', 'answered')),
        tokens text[] NOT NULL,
        subjects uuid[] NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        reference uuid,
        PRIMARY KEY (tenant_id, forward_id)
    )
"""

VAULT_FORWARD_OLD = """
    CREATE INDEX IF NOT EXISTS vault_forward_old ON vault_forward (tenant_id, created_at)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        VAULT_TOKENS,
        VAULT_TOKENS_DISTINCT,
        VAULT_TOKENS_BY_SUBJECT,
        VAULT_TOKENS_BY_FINGERPRINT,
        VAULT_TOKENS_BY_KEY,
        VAULT_TOKENS_EXPIRING,
        VAULT_DESTINATION,
        VAULT_DESTINATION_DISTINCT,
        VAULT_FORWARD,
        VAULT_FORWARD_OLD,
    ):
        op.execute(statement)
