"""The job that reconciles a day."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.jobs import JobKind, RetryPolicy


class Reconcile(Struct, frozen=True):
    """The payload: which day of an arrangement."""

    arrangement_id: UUID
    day: date


RECONCILE: Final = JobKind(
    "safeguarding.reconcile",
    Reconcile,
    # No day is left out, however long it takes: the next one follows from it.
    RetryPolicy(
        attempts_max=1_000_000,
        age_max=timedelta(days=366 * 100),
        first_s=2,
        factor=2,
        wait_s_max=600,
    ),
    attempt_s_max=900,
    at_once_max=2,
)
