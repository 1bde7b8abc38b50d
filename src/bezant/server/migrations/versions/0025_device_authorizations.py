"""Devices that wait for their users; of their codes digests only."""

from alembic import op

revision = "0025"
down_revision = "0024"

# `wanted` is JSON that nothing is found by. Rows go soon after they have expired, as it may name
# people. The digest of the user code is keyed: it is short enough to be guessed from a plain one.
DEVICE_AUTHORIZATION = """
    CREATE TABLE IF NOT EXISTS device_authorization (
        tenant_id uuid NOT NULL,
        device_code_hash bytea NOT NULL,
        user_code_hash bytea NOT NULL,
        client_id uuid NOT NULL,
        wanted bytea NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'approved', 'refused', 'redeemed')),
        grant_id uuid,
        interaction_id uuid,
        browser_hash bytea,
        begun_at timestamptz,
        interval_s integer NOT NULL,
        polled_at timestamptz,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, device_code_hash),
        FOREIGN KEY (tenant_id, grant_id) REFERENCES oauth_grant (tenant_id, grant_id),
        CHECK ((state IN ('approved', 'redeemed')) = (grant_id IS NOT NULL)),
        CHECK ((interaction_id IS NULL) = (browser_hash IS NULL)),
        CHECK ((interaction_id IS NULL) = (begun_at IS NULL))
    )
"""

DEVICE_AUTHORIZATION_BY_USER_CODE = """
    CREATE UNIQUE INDEX IF NOT EXISTS device_authorization_by_user_code
    ON device_authorization (tenant_id, user_code_hash)
"""

DEVICE_AUTHORIZATION_BY_INTERACTION = """
    CREATE UNIQUE INDEX IF NOT EXISTS device_authorization_by_interaction
    ON device_authorization (tenant_id, interaction_id)
"""

DEVICE_AUTHORIZATION_ENDING = """
    CREATE INDEX IF NOT EXISTS device_authorization_ending
    ON device_authorization (tenant_id, expires_at)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        DEVICE_AUTHORIZATION,
        DEVICE_AUTHORIZATION_BY_USER_CODE,
        DEVICE_AUTHORIZATION_BY_INTERACTION,
        DEVICE_AUTHORIZATION_ENDING,
    ):
        op.execute(statement)
