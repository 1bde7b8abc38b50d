"""Contacts, and what the vault knows of subjects: holds, retention rules, erasures."""

from alembic import op

revision = "0017"
down_revision = "0016"

# References only: what identifies the person is in the vault.
CONTACT = """
    CREATE TABLE IF NOT EXISTS contact (
        tenant_id uuid NOT NULL,
        contact_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        row_version bigint NOT NULL,
        name_ref uuid,
        email_ref uuid,
        phone_ref uuid,
        iban_ref uuid,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, contact_id)
    )
"""

CONTACT_BY_NAME = """
    CREATE INDEX IF NOT EXISTS contact_by_name ON contact (tenant_id, name_ref)
"""

CONTACT_BY_EMAIL = """
    CREATE INDEX IF NOT EXISTS contact_by_email ON contact (tenant_id, email_ref)
"""

CONTACT_BY_PHONE = """
    CREATE INDEX IF NOT EXISTS contact_by_phone ON contact (tenant_id, phone_ref)
"""

CONTACT_BY_IBAN = """
    CREATE INDEX IF NOT EXISTS contact_by_iban ON contact (tenant_id, iban_ref)
"""

# Nothing of the subject is erased while one of its holds is neither released nor over.
VAULT_HOLD = """
    CREATE TABLE IF NOT EXISTS vault_hold (
        tenant_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        hold_id uuid NOT NULL,
        reason text NOT NULL,
        until timestamptz,
        placed_by text NOT NULL,
        placed_at timestamptz NOT NULL,
        released_by text,
        released_at timestamptz,
        PRIMARY KEY (tenant_id, subject_id, hold_id),
        FOREIGN KEY (tenant_id, subject_id) REFERENCES vault_subject (tenant_id, subject_id),
        CHECK ((released_at IS NULL) = (released_by IS NULL))
    )
"""

# How long values of a field have to be kept at least, whoever asks for their erasure.
VAULT_RETENTION = """
    CREATE TABLE IF NOT EXISTS vault_retention (
        tenant_id uuid NOT NULL,
        field text NOT NULL,
        keep_days integer NOT NULL CHECK (keep_days > 0),
        reason text NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, field)
    )
"""

# Decided when the row is there; in the journal when it has a number; carried out when done. A
# subject is erased once.
VAULT_ERASURE = """
    CREATE TABLE IF NOT EXISTS vault_erasure (
        tenant_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        erasure_id uuid NOT NULL,
        reason text NOT NULL,
        decided_at timestamptz NOT NULL,
        journal_no bigint,
        journal_chain bytea,
        done_at timestamptz,
        PRIMARY KEY (tenant_id, subject_id),
        FOREIGN KEY (tenant_id, subject_id) REFERENCES vault_subject (tenant_id, subject_id),
        CHECK ((journal_no IS NULL) = (journal_chain IS NULL)),
        CHECK (done_at IS NULL OR journal_no IS NOT NULL)
    )
"""

VAULT_ERASURE_PENDING = """
    CREATE INDEX IF NOT EXISTS vault_erasure_pending ON vault_erasure (tenant_id, subject_id)
    WHERE done_at IS NULL
"""

# The newest of all: what the journal has to have.
VAULT_ERASURE_HEAD = """
    CREATE INDEX IF NOT EXISTS vault_erasure_head ON vault_erasure (journal_no)
    WHERE journal_no IS NOT NULL
"""

# What an export tells of: who opened what, and when.
AUDIT_ENTRY_OF_VAULT = """
    CREATE INDEX IF NOT EXISTS audit_entry_of_vault ON audit_entry (tenant_id, resource)
    WHERE resource LIKE '/v1/vault/%'
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        CONTACT,
        CONTACT_BY_NAME,
        CONTACT_BY_EMAIL,
        CONTACT_BY_PHONE,
        CONTACT_BY_IBAN,
        VAULT_HOLD,
        VAULT_RETENTION,
        VAULT_ERASURE,
        VAULT_ERASURE_PENDING,
        VAULT_ERASURE_HEAD,
        AUDIT_ENTRY_OF_VAULT,
    ):
        op.execute(statement)
