"""The vault: wrapped keys of tenants, subjects, sealed values, blind indexes."""

from alembic import op

revision = "0015"
down_revision = "0014"

# Keys of a tenant: `tenant` wraps its subjects' keys, the others are keys of HMACs. All but the
# active version of a kind only open or compare what is there.
VAULT_KEY = """
    CREATE TABLE IF NOT EXISTS vault_key (
        tenant_id uuid NOT NULL,
        kind text NOT NULL,
        version integer NOT NULL,
        state text NOT NULL CHECK (state IN ('active', 'restore_only', 'destroyed')),
        root_version text NOT NULL,
        wrapped bytea,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, kind, version),
        CHECK ((state = 'destroyed') = (wrapped IS NULL))
    )
"""

# One active version of a kind. Held by the database, not by the code's care.
VAULT_KEY_ACTIVE = """
    CREATE UNIQUE INDEX IF NOT EXISTS vault_key_active ON vault_key (tenant_id, kind)
    WHERE state = 'active'
"""

# Sealing reads the row within its transaction and erasure writes it, so that nothing is sealed for
# who is being erased.
VAULT_SUBJECT = """
    CREATE TABLE IF NOT EXISTS vault_subject (
        tenant_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        state text NOT NULL CHECK (state IN ('active', 'restricted', 'erased')),
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, subject_id)
    )
"""

# Versions of a value under one reference: the last one has no `replaced_at`. `kept_at` is NULL
# until the record that holds the reference is durable.
VAULT_VALUE = """
    CREATE TABLE IF NOT EXISTS vault_value (
        tenant_id uuid NOT NULL,
        reference uuid NOT NULL,
        version integer NOT NULL,
        subject_id uuid NOT NULL,
        field text NOT NULL,
        key_version integer NOT NULL,
        sealed bytea NOT NULL,
        created_at timestamptz NOT NULL,
        kept_at timestamptz,
        replaced_at timestamptz,
        expires_at timestamptz,
        PRIMARY KEY (tenant_id, reference, version),
        FOREIGN KEY (tenant_id, subject_id) REFERENCES vault_subject (tenant_id, subject_id)
    )
"""

VAULT_VALUE_CURRENT = """
    CREATE UNIQUE INDEX IF NOT EXISTS vault_value_current ON vault_value (tenant_id, reference)
    WHERE replaced_at IS NULL
"""

VAULT_VALUE_BY_SUBJECT = """
    CREATE INDEX IF NOT EXISTS vault_value_by_subject
    ON vault_value (tenant_id, subject_id, key_version)
"""

VAULT_VALUE_PROVISIONAL = """
    CREATE INDEX IF NOT EXISTS vault_value_provisional ON vault_value (tenant_id, created_at)
    WHERE kept_at IS NULL
"""

VAULT_VALUE_EXPIRING = """
    CREATE INDEX IF NOT EXISTS vault_value_expiring ON vault_value (tenant_id, expires_at)
    WHERE expires_at IS NOT NULL
"""

# A digest is an HMAC of the value's normal form under a key of the tenant and the field.
VAULT_INDEX = """
    CREATE TABLE IF NOT EXISTS vault_index (
        tenant_id uuid NOT NULL,
        field text NOT NULL,
        digest bytea NOT NULL,
        reference uuid NOT NULL,
        key_version integer NOT NULL,
        PRIMARY KEY (tenant_id, field, digest, reference)
    )
"""

VAULT_INDEX_BY_REFERENCE = """
    CREATE INDEX IF NOT EXISTS vault_index_by_reference ON vault_index (tenant_id, reference)
"""

VAULT_INDEX_BY_KEY = """
    CREATE INDEX IF NOT EXISTS vault_index_by_key ON vault_index (tenant_id, field, key_version)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        VAULT_KEY,
        VAULT_KEY_ACTIVE,
        VAULT_SUBJECT,
        VAULT_VALUE,
        VAULT_VALUE_CURRENT,
        VAULT_VALUE_BY_SUBJECT,
        VAULT_VALUE_PROVISIONAL,
        VAULT_VALUE_EXPIRING,
        VAULT_INDEX,
        VAULT_INDEX_BY_REFERENCE,
        VAULT_INDEX_BY_KEY,
    ):
        op.execute(statement)
