"""Users, their factors and sessions, and the one-time things between two steps of a login."""

from alembic import op

revision = "0022"
down_revision = "0021"

# What identifies the person is sealed; here are references.
USER = """
    CREATE TABLE IF NOT EXISTS identity_user (
        tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
        user_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        status text NOT NULL CHECK (status IN ('invited', 'active', 'disabled')),
        roles text[] NOT NULL,
        name_ref uuid NOT NULL,
        email_ref uuid NOT NULL,
        phone_ref uuid,
        row_version bigint NOT NULL,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, user_id)
    )
"""

USER_BY_EMAIL = """
    CREATE UNIQUE INDEX IF NOT EXISTS identity_user_by_email
    ON identity_user (tenant_id, email_ref)
"""

USER_BY_SUBJECT = """
    CREATE INDEX IF NOT EXISTS identity_user_by_subject ON identity_user (tenant_id, subject_id)
"""

PASSWORD = """
    CREATE TABLE IF NOT EXISTS identity_password (
        tenant_id uuid NOT NULL,
        user_id uuid NOT NULL,
        hash text NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, user_id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

# `last_step` is the newest time step whose code was taken: neither it nor an older one ever is
# again.
TOTP = """
    CREATE TABLE IF NOT EXISTS identity_totp (
        tenant_id uuid NOT NULL,
        user_id uuid NOT NULL,
        factor_id uuid NOT NULL,
        sealed bytea NOT NULL,
        last_step bigint NOT NULL,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz,
        PRIMARY KEY (tenant_id, user_id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

RECOVERY_CODE = """
    CREATE TABLE IF NOT EXISTS identity_recovery_code (
        tenant_id uuid NOT NULL,
        user_id uuid NOT NULL,
        code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
        set_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, user_id, code_hash),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

# A flagged one is refused: its counter went back, or what never changes did.
PASSKEY = """
    CREATE TABLE IF NOT EXISTS identity_passkey (
        tenant_id uuid NOT NULL,
        passkey_id uuid NOT NULL,
        user_id uuid NOT NULL,
        credential_id bytea NOT NULL,
        public_key bytea NOT NULL,
        sign_count bigint NOT NULL,
        is_backup_eligible boolean NOT NULL,
        is_backed_up boolean NOT NULL,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz,
        flagged_at timestamptz,
        PRIMARY KEY (tenant_id, passkey_id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

PASSKEY_BY_CREDENTIAL = """
    CREATE UNIQUE INDEX IF NOT EXISTS identity_passkey_by_credential
    ON identity_passkey (tenant_id, credential_id)
"""

PASSKEY_BY_USER = """
    CREATE INDEX IF NOT EXISTS identity_passkey_by_user ON identity_passkey (tenant_id, user_id)
"""

# A telephone with an application of ours: its key never leaves it.
DEVICE = """
    CREATE TABLE IF NOT EXISTS identity_device (
        tenant_id uuid NOT NULL,
        device_id uuid NOT NULL,
        user_id uuid NOT NULL,
        public_key bytea NOT NULL,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz,
        PRIMARY KEY (tenant_id, device_id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

DEVICE_BY_USER = """
    CREATE INDEX IF NOT EXISTS identity_device_by_user ON identity_device (tenant_id, user_id)
"""

# What a user is asked to approve on a device; what is shown there, sealed, and the digest of it.
APPROVAL = """
    CREATE TABLE IF NOT EXISTS identity_approval (
        tenant_id uuid NOT NULL,
        approval_id uuid NOT NULL,
        user_id uuid NOT NULL,
        sealed bytea NOT NULL,
        digest bytea NOT NULL CHECK (octet_length(digest) = 32),
        state text NOT NULL CHECK (state IN ('asked', 'approved', 'refused', 'used')),
        device_id uuid,
        asked_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        decided_at timestamptz,
        PRIMARY KEY (tenant_id, approval_id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

APPROVAL_BY_USER = """
    CREATE INDEX IF NOT EXISTS identity_approval_by_user ON identity_approval (tenant_id, user_id)
"""

# One-time things by the digest of what their holder sends: challenges, links, steps of logins.
TICKET = """
    CREATE TABLE IF NOT EXISTS identity_ticket (
        tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
        ticket_hash bytea NOT NULL CHECK (octet_length(ticket_hash) = 32),
        kind text NOT NULL,
        user_id uuid,
        content bytea NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, ticket_hash)
    )
"""

TICKET_BY_USER = """
    CREATE INDEX IF NOT EXISTS identity_ticket_by_user ON identity_ticket (tenant_id, user_id)
"""

TICKET_BY_END = """
    CREATE INDEX IF NOT EXISTS identity_ticket_by_end ON identity_ticket (tenant_id, expires_at)
"""

# Failures by a keyed digest of who failed, or from where.
THROTTLE = """
    CREATE TABLE IF NOT EXISTS identity_throttle (
        tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
        key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
        failures integer NOT NULL,
        failed_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, key_hash)
    )
"""

THROTTLE_BY_TIME = """
    CREATE INDEX IF NOT EXISTS identity_throttle_by_time
    ON identity_throttle (tenant_id, failed_at)
"""

# Browsers that a user has logged in with.
BROWSER = """
    CREATE TABLE IF NOT EXISTS identity_browser (
        tenant_id uuid NOT NULL,
        user_id uuid NOT NULL,
        device_hash bytea NOT NULL CHECK (octet_length(device_hash) = 32),
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, user_id, device_hash),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

# What a session of the kernel is to a user. `token_id` is that session; a step-up replaces it.
SESSION = """
    CREATE TABLE IF NOT EXISTS identity_session (
        tenant_id uuid NOT NULL,
        session_id uuid NOT NULL,
        user_id uuid NOT NULL,
        token_id uuid NOT NULL,
        device_hash bytea NOT NULL CHECK (octet_length(device_hash) = 32),
        proven text[] NOT NULL,
        proven_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, session_id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES identity_user (tenant_id, user_id)
    )
"""

SESSION_BY_TOKEN = """
    CREATE UNIQUE INDEX IF NOT EXISTS identity_session_by_token
    ON identity_session (tenant_id, token_id)
"""

SESSION_BY_USER = """
    CREATE INDEX IF NOT EXISTS identity_session_by_user ON identity_session (tenant_id, user_id)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        USER,
        USER_BY_EMAIL,
        USER_BY_SUBJECT,
        PASSWORD,
        TOTP,
        RECOVERY_CODE,
        PASSKEY,
        PASSKEY_BY_CREDENTIAL,
        PASSKEY_BY_USER,
        DEVICE,
        DEVICE_BY_USER,
        APPROVAL,
        APPROVAL_BY_USER,
        TICKET,
        TICKET_BY_USER,
        TICKET_BY_END,
        THROTTLE,
        THROTTLE_BY_TIME,
        BROWSER,
        SESSION,
        SESSION_BY_TOKEN,
        SESSION_BY_USER,
    ):
        op.execute(statement)
