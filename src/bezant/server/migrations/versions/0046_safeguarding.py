"""Safeguarding: what is arranged, what each day came to, and incidents."""

from alembic import op

revision = "0046"
down_revision = "0045"

# What is arranged for an institution's customers in an asset. The incidents are those that are not
# closed, so that a day's result finds them under the arrangement's row.
SAFEGUARDING_ARRANGEMENT = """
    CREATE TABLE IF NOT EXISTS safeguarding_arrangement (
        tenant_id uuid NOT NULL,
        arrangement_id uuid NOT NULL,
        institution_id uuid NOT NULL,
        ledger_book uuid NOT NULL,
        asset text NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        since date NOT NULL,
        shortfall_incident uuid,
        excess_incident uuid,
        PRIMARY KEY (tenant_id, arrangement_id),
        UNIQUE (tenant_id, institution_id, asset),
        FOREIGN KEY (tenant_id, institution_id) REFERENCES institution (tenant_id, institution_id)
    )
"""

SAFEGUARDING_TERMS = """
    CREATE TABLE IF NOT EXISTS safeguarding_terms (
        tenant_id uuid NOT NULL,
        arrangement_id uuid NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        terms bytea NOT NULL,
        agreed_at timestamptz NOT NULL,
        agreed_by text NOT NULL,
        PRIMARY KEY (tenant_id, arrangement_id, version),
        FOREIGN KEY (tenant_id, arrangement_id)
            REFERENCES safeguarding_arrangement (tenant_id, arrangement_id)
    )
"""

# A day is cut once: from then on its figures follow from the ledger's history.
SAFEGUARDING_CUT = """
    CREATE TABLE IF NOT EXISTS safeguarding_cut (
        tenant_id uuid NOT NULL,
        reconciliation_id uuid NOT NULL,
        arrangement_id uuid NOT NULL,
        day date NOT NULL,
        version integer NOT NULL,
        known_at timestamptz NOT NULL,
        begun_at timestamptz NOT NULL CHECK (begun_at > known_at),
        begun_by text NOT NULL,
        PRIMARY KEY (tenant_id, arrangement_id, day),
        UNIQUE (tenant_id, reconciliation_id),
        FOREIGN KEY (tenant_id, arrangement_id, version)
            REFERENCES safeguarding_terms (tenant_id, arrangement_id, version)
    )
"""

LEGAL_SAFEGUARDING_STEP = """
    CREATE TABLE IF NOT EXISTS legal_safeguarding_step (
        from_state text NOT NULL,
        to_state text NOT NULL,
        PRIMARY KEY (from_state, to_state)
    )
"""

LEGAL_SAFEGUARDING_STEPS = """
    INSERT INTO legal_safeguarding_step (from_state, to_state) VALUES
        ('none', 'open'), ('open', 'acknowledged'), ('acknowledged', 'closed')
    ON CONFLICT (from_state, to_state) DO NOTHING
"""

SAFEGUARDING_INCIDENT = """
    CREATE TABLE IF NOT EXISTS safeguarding_incident (
        tenant_id uuid NOT NULL,
        incident_id uuid NOT NULL,
        arrangement_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('shortfall', 'excess')),
        state text NOT NULL,
        seq integer NOT NULL CHECK (seq > 0),
        first_day date NOT NULL,
        last_day date NOT NULL CHECK (last_day >= first_day),
        amount numeric(39,0) NOT NULL CHECK (amount > 0),
        covered_on date CHECK (covered_on > last_day),
        acknowledged_by text,
        PRIMARY KEY (tenant_id, incident_id),
        CHECK (state <> 'closed' OR covered_on IS NOT NULL),
        CHECK ((state = 'open') = (acknowledged_by IS NULL)),
        FOREIGN KEY (tenant_id, arrangement_id)
            REFERENCES safeguarding_arrangement (tenant_id, arrangement_id)
    )
"""

SAFEGUARDING_STEP = """
    CREATE TABLE IF NOT EXISTS safeguarding_step (
        tenant_id uuid NOT NULL,
        incident_id uuid NOT NULL,
        seq integer NOT NULL,
        before_seq integer,
        from_state text NOT NULL,
        to_state text NOT NULL,
        reason text,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        PRIMARY KEY (tenant_id, incident_id, seq),
        UNIQUE (tenant_id, incident_id, seq, to_state),
        CHECK ((seq = 1) = (before_seq IS NULL)),
        CHECK (seq = 1 OR before_seq = seq - 1),
        CHECK (seq > 1 OR from_state = 'none'),
        FOREIGN KEY (from_state, to_state)
            REFERENCES legal_safeguarding_step (from_state, to_state),
        FOREIGN KEY (tenant_id, incident_id, before_seq, from_state)
            REFERENCES safeguarding_step (tenant_id, incident_id, seq, to_state),
        FOREIGN KEY (tenant_id, incident_id)
            REFERENCES safeguarding_incident (tenant_id, incident_id)
    )
"""

# What a day came to: once, and never changed.
SAFEGUARDING_RESULT = """
    CREATE TABLE IF NOT EXISTS safeguarding_result (
        tenant_id uuid NOT NULL,
        arrangement_id uuid NOT NULL,
        day date NOT NULL,
        known_seq bigint NOT NULL,
        resource numeric(39,0) NOT NULL,
        requirement numeric(39,0) NOT NULL CHECK (requirement >= 0),
        shortfall numeric(39,0) NOT NULL CHECK (shortfall >= 0),
        excess numeric(39,0) NOT NULL CHECK (excess >= 0),
        outcome text NOT NULL CHECK (outcome IN ('covered', 'shortfall', 'excess')),
        figures bytea NOT NULL,
        incident_id uuid,
        completed_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, arrangement_id, day),
        CHECK (resource - requirement = excess - shortfall),
        CHECK (shortfall = 0 OR excess = 0),
        CHECK ((outcome = 'shortfall') = (shortfall > 0)),
        CHECK ((outcome = 'covered') = (incident_id IS NULL)),
        FOREIGN KEY (tenant_id, arrangement_id, day)
            REFERENCES safeguarding_cut (tenant_id, arrangement_id, day),
        FOREIGN KEY (tenant_id, incident_id)
            REFERENCES safeguarding_incident (tenant_id, incident_id)
    )
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        SAFEGUARDING_ARRANGEMENT,
        SAFEGUARDING_TERMS,
        SAFEGUARDING_CUT,
        LEGAL_SAFEGUARDING_STEP,
        LEGAL_SAFEGUARDING_STEPS,
        SAFEGUARDING_INCIDENT,
        SAFEGUARDING_STEP,
        SAFEGUARDING_RESULT,
    ):
        op.execute(statement)
