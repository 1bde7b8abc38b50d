"""Interest that was booked, and then found to be another amount."""

from alembic import op

revision = "0048"
down_revision = "0047"

# As of accruals: the first revision is what was booked, each later one the difference that a
# backdated posting made. What code of before this writes is the first.
REVISION = """
    ALTER TABLE interest_booking
    ADD COLUMN IF NOT EXISTS revision integer NOT NULL DEFAULT 0 CHECK (revision >= 0)
"""

DROP_KEY = "ALTER TABLE interest_booking DROP CONSTRAINT IF EXISTS interest_booking_pkey"
KEY = """
    ALTER TABLE interest_booking ADD CONSTRAINT interest_booking_pkey
    PRIMARY KEY (tenant_id, account_id, asset, day, revision)
"""


def upgrade() -> None:
    """Let a day's booking be revised."""
    for statement in (REVISION, DROP_KEY, KEY):
        op.execute(statement)
