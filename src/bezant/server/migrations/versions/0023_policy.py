"""Approvals: what one asks for and another agrees to."""

from alembic import op

revision = "0023"
down_revision = "0022"

# The body of the request is there to be read by who decides, and goes once they have.
APPROVAL = """
    CREATE TABLE IF NOT EXISTS approval (
        tenant_id uuid NOT NULL,
        approval_id uuid NOT NULL,
        operation text NOT NULL,
        scope text NOT NULL,
        method text NOT NULL,
        path text NOT NULL,
        body text,
        fingerprint bytea NOT NULL,
        reason text NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'approved', 'refused', 'used')),
        requested_by text NOT NULL,
        requested_by_user uuid,
        requested_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        decided_by text,
        decided_by_user uuid,
        decided_at timestamptz,
        used_key text,
        used_at timestamptz,
        PRIMARY KEY (tenant_id, approval_id),
        CHECK ((state = 'pending') = (decided_at IS NULL)),
        CHECK ((state = 'used') = (used_at IS NOT NULL)),
        CHECK (state NOT IN ('approved', 'used') OR decided_by <> requested_by),
        CHECK (state = 'pending' OR body IS NULL)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (APPROVAL,):
        op.execute(statement)
