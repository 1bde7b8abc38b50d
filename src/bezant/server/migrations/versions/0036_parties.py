"""Parties: people and organisations, references to their sealed values, and their relationships."""

from alembic import op

revision = "0036"
down_revision = "0035"

PARTY = """
    CREATE TABLE IF NOT EXISTS party (
        tenant_id uuid NOT NULL,
        party_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('person', 'organisation')),
        subject_id uuid NOT NULL,
        user_id uuid,
        verification text NOT NULL
            CHECK (verification IN ('none', 'simplified', 'standard', 'enhanced')),
        risk text NOT NULL CHECK (risk IN ('unrated', 'low', 'medium', 'high', 'prohibited')),
        status text NOT NULL CHECK (status IN ('active', 'suspended', 'erased')),
        row_version bigint NOT NULL,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, party_id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

PARTY_BY_USER = """
    CREATE UNIQUE INDEX IF NOT EXISTS party_by_user ON party (tenant_id, user_id)
"""

PARTY_BY_SUBJECT = """
    CREATE INDEX IF NOT EXISTS party_by_subject ON party (tenant_id, subject_id)
"""

PARTY_VALUE = """
    CREATE TABLE IF NOT EXISTS party_value (
        tenant_id uuid NOT NULL,
        party_id uuid NOT NULL,
        slot text COLLATE "C" NOT NULL,
        reference uuid NOT NULL,
        PRIMARY KEY (tenant_id, party_id, slot),
        UNIQUE (tenant_id, reference),
        FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, party_id)
    )
"""

PARTY_ASSESSMENT = """
    CREATE TABLE IF NOT EXISTS party_assessment (
        tenant_id uuid NOT NULL,
        party_id uuid NOT NULL,
        row_version bigint NOT NULL,
        verification text NOT NULL,
        risk text NOT NULL,
        status text NOT NULL,
        assessed_at timestamptz NOT NULL,
        assessed_by text NOT NULL,
        PRIMARY KEY (tenant_id, party_id, row_version),
        FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, party_id)
    )
"""

PARTY_RELATIONSHIP = """
    CREATE TABLE IF NOT EXISTS party_relationship (
        tenant_id uuid NOT NULL,
        relationship_id uuid NOT NULL,
        party_id uuid NOT NULL,
        related_party_id uuid NOT NULL,
        kind text COLLATE "C" NOT NULL
            CHECK (kind IN ('director', 'shareholder', 'beneficial_owner', 'guardian')),
        share integer CHECK (share BETWEEN 1 AND 10000),
        valid_from timestamptz NOT NULL,
        valid_until timestamptz,
        added_by text NOT NULL,
        PRIMARY KEY (tenant_id, party_id, relationship_id),
        FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, party_id),
        FOREIGN KEY (tenant_id, related_party_id) REFERENCES party (tenant_id, party_id)
    )
"""

# Two parties are related in one way once at a time.
PARTY_RELATIONSHIP_OPEN = """
    CREATE UNIQUE INDEX IF NOT EXISTS party_relationship_open
    ON party_relationship (tenant_id, party_id, related_party_id, kind) WHERE valid_until IS NULL
"""

PARTY_RELATIONSHIP_BY_RELATED = """
    CREATE INDEX IF NOT EXISTS party_relationship_by_related
    ON party_relationship (tenant_id, related_party_id)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        PARTY,
        PARTY_BY_USER,
        PARTY_BY_SUBJECT,
        PARTY_VALUE,
        PARTY_ASSESSMENT,
        PARTY_RELATIONSHIP,
        PARTY_RELATIONSHIP_OPEN,
        PARTY_RELATIONSHIP_BY_RELATED,
    ):
        op.execute(statement)
