"""Rotations of keys, in the database of keys."""

from alembic import op

revision = "0002"
down_revision = "0001"

# `rotation_id` is the rotation that made the version, `emptied_at` since when nothing needs it but
# backups.
SUBJECT_KEY_ROTATION = """
    ALTER TABLE subject_key
        ADD COLUMN IF NOT EXISTS rotation_id uuid,
        ADD COLUMN IF NOT EXISTS emptied_at timestamptz
"""

# Versions of a tenant's key below this one wrap nothing more. Here, not where the key is, so that
# a transaction that wraps reads it.
TENANT_KEY_FLOOR = """
    CREATE TABLE IF NOT EXISTS tenant_key_floor (
        tenant_id uuid PRIMARY KEY,
        version integer NOT NULL
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (SUBJECT_KEY_ROTATION, TENANT_KEY_FLOOR):
        op.execute(statement)
