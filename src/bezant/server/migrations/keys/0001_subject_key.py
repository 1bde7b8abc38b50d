"""The keys of subjects, apart from what is sealed under them."""

from alembic import op

revision = "0001"
down_revision = None

# Each version of a subject's key, wrapped under its tenant's. What erasure leaves is a tombstone:
# that there was one, and when it was destroyed.
SUBJECT_KEY = """
    CREATE TABLE IF NOT EXISTS subject_key (
        tenant_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        version integer NOT NULL,
        state text NOT NULL CHECK (state IN ('active', 'restore_only', 'destroyed')),
        tenant_key_version integer NOT NULL,
        wrapped bytea,
        messages bigint NOT NULL,
        created_at timestamptz NOT NULL,
        destroyed_at timestamptz,
        PRIMARY KEY (tenant_id, subject_id, version),
        CHECK ((state = 'destroyed') = (wrapped IS NULL)),
        CHECK ((state = 'destroyed') = (destroyed_at IS NOT NULL))
    )
"""

# A rotation of the tenant's key wraps them anew.
SUBJECT_KEY_BY_TENANT_KEY = """
    CREATE INDEX IF NOT EXISTS subject_key_by_tenant_key
    ON subject_key (tenant_id, tenant_key_version) WHERE state <> 'destroyed'
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (SUBJECT_KEY, SUBJECT_KEY_BY_TENANT_KEY):
        op.execute(statement)
