"""Verifications of payees: what was asked and found, used by which order; answers to others."""

from alembic import op

revision = "0040"
down_revision = "0038"

# Without names and numbers: keyed fingerprints tell whether a payment is about the same.
PAYEE_VERIFICATION = """
    CREATE TABLE IF NOT EXISTS payee_verification (
        tenant_id uuid NOT NULL,
        verification_id uuid NOT NULL,
        debtor_account uuid NOT NULL,
        iban bytea NOT NULL,
        name bytea NOT NULL,
        verdict text NOT NULL
            CHECK (verdict IN ('match', 'close_match', 'no_match', 'not_possible')),
        asked_at timestamptz NOT NULL,
        asked_by text NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, verification_id),
        FOREIGN KEY (tenant_id, debtor_account) REFERENCES bank_account (tenant_id, account_id)
    )
"""

# What was asked and shown: sealed, and not for ever.
PAYEE_VERIFICATION_CONTENT = """
    CREATE TABLE IF NOT EXISTS payee_verification_content (
        tenant_id uuid NOT NULL,
        verification_id uuid NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (tenant_id, verification_id),
        FOREIGN KEY (tenant_id, verification_id)
            REFERENCES payee_verification (tenant_id, verification_id)
    )
"""

# Its key is the rule: a verification is used by one order.
PAYEE_VERIFICATION_USE = """
    CREATE TABLE IF NOT EXISTS payee_verification_use (
        tenant_id uuid NOT NULL,
        verification_id uuid NOT NULL,
        order_id uuid NOT NULL,
        confirmed boolean NOT NULL,
        used_at timestamptz NOT NULL,
        used_by text NOT NULL,
        PRIMARY KEY (tenant_id, verification_id),
        UNIQUE (tenant_id, order_id),
        FOREIGN KEY (tenant_id, verification_id)
            REFERENCES payee_verification (tenant_id, verification_id),
        FOREIGN KEY (tenant_id, order_id) REFERENCES payment_order (tenant_id, order_id)
    )
"""

PAYEE_ANSWER = """
    CREATE TABLE IF NOT EXISTS payee_answer (
        tenant_id uuid NOT NULL,
        answer_id uuid NOT NULL,
        request_id uuid NOT NULL,
        asked_by text NOT NULL,
        iban bytea NOT NULL,
        verdict text NOT NULL
            CHECK (verdict IN ('match', 'close_match', 'no_match', 'not_possible')),
        answered_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, answer_id)
    )
"""

# How often somebody has guessed at an account of late.
PAYEE_ANSWER_BY_IBAN = """
    CREATE INDEX IF NOT EXISTS payee_answer_by_iban
    ON payee_answer (tenant_id, iban, asked_by, answered_at)
"""


def upgrade() -> None:
    """Create what is missing."""
    for statement in (
        PAYEE_VERIFICATION,
        PAYEE_VERIFICATION_CONTENT,
        PAYEE_VERIFICATION_USE,
        PAYEE_ANSWER,
        PAYEE_ANSWER_BY_IBAN,
    ):
        op.execute(statement)
