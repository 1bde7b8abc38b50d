"""Rotations of keys: how far each is, and what makes restore-only versions refuse new work."""

from alembic import op

revision = "0018"
down_revision = "0017"

# `position` and the counts tell how far it is. What is still to do, the rows themselves tell.
VAULT_ROTATION = """
    CREATE TABLE IF NOT EXISTS vault_rotation (
        tenant_id uuid NOT NULL,
        rotation_id uuid NOT NULL,
        kind text NOT NULL,
        subject_id uuid,
        from_version text,
        to_version text,
        state text NOT NULL CHECK (state IN ('running', 'done')),
        position text,
        total bigint NOT NULL,
        done bigint NOT NULL,
        failed bigint NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        last_error text,
        PRIMARY KEY (tenant_id, rotation_id),
        CHECK ((state = 'done') = (ended_at IS NOT NULL))
    )
"""

# One at a time of a kind.
VAULT_ROTATION_RUNNING = """
    CREATE UNIQUE INDEX IF NOT EXISTS vault_rotation_running ON vault_rotation (tenant_id, kind)
    WHERE state = 'running'
"""

# The book of the root's versions, from its first rotation on.
VAULT_ROOT = """
    CREATE TABLE IF NOT EXISTS vault_root (
        version text PRIMARY KEY,
        state text NOT NULL CHECK (state IN ('active', 'restore_only', 'destroyed')),
        created_at timestamptz NOT NULL,
        emptied_at timestamptz
    )
"""

# `rotation_id` is the rotation that made the version, `emptied_at` since when nothing needs it but
# backups.
VAULT_KEY_ROTATION = """
    ALTER TABLE vault_key
        ADD COLUMN IF NOT EXISTS rotation_id uuid,
        ADD COLUMN IF NOT EXISTS emptied_at timestamptz
"""

# Below it nothing more is sealed. Sealing reads it within its transaction.
VAULT_SUBJECT_FLOOR = """
    ALTER TABLE vault_subject ADD COLUMN IF NOT EXISTS key_floor integer NOT NULL DEFAULT 1
"""

# The form that a digest was made of, which a rotation has to make again.
VAULT_INDEX_FORM = """
    ALTER TABLE vault_index ADD COLUMN IF NOT EXISTS form text
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        VAULT_ROTATION,
        VAULT_ROTATION_RUNNING,
        VAULT_ROOT,
        VAULT_KEY_ROTATION,
        VAULT_SUBJECT_FLOOR,
        VAULT_INDEX_FORM,
    ):
        op.execute(statement)
