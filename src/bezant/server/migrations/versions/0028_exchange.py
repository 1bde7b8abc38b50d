"""What a client may exchange tokens for, and which tokens an exchanged one came of."""

from alembic import op

revision = "0028"
down_revision = "0027"

CLIENT = """
    ALTER TABLE oauth_client
    ADD COLUMN IF NOT EXISTS exchange_audiences text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS exchange_impersonates boolean NOT NULL DEFAULT false
"""

# The digests of all tokens that an exchanged one was made of, its subject's own sources too.
ACCESS_TOKEN = """
    ALTER TABLE access_token ADD COLUMN IF NOT EXISTS came_of bytea[] NOT NULL DEFAULT '{}'
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (CLIENT, ACCESS_TOKEN):
        op.execute(statement)
