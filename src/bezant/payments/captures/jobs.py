"""The job that gives back what remains of an authorisation whose time is over."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.database import Row
from bezant.kernel.jobs import JobKind, RetryPolicy


class Expire(Struct, frozen=True):
    """The payload: the order whose authorisation ends."""

    order_id: UUID


EXPIRE: Final = JobKind(
    "payment.expire",
    Expire,
    # Somebody's money is reserved for nothing until it is done.
    RetryPolicy(
        attempts_max=1_000_000,
        age_max=timedelta(days=366 * 100),
        first_s=2,
        factor=2,
        wait_s_max=600,
    ),
)


def expiry_job(
    job_id: UUID, tenant_id: UUID, order_id: UUID, at: datetime, expires_at: datetime
) -> Row:
    """The job of an authorisation, for the commit that gives it."""
    return EXPIRE.row(
        job_id, tenant_id, Expire(order_id), at=at, run_at=expires_at, unique=str(order_id)
    )
