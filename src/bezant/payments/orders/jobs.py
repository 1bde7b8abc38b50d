"""The leased jobs behind orders: of attempts, which survivors ask about, and of days."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.database import Row
from bezant.kernel.jobs import JobKind, RetryPolicy
from bezant.ledger import Draft, first_instant


class Survive(Struct, frozen=True):
    """The payload: the order whose attempt may have nobody any more."""

    order_id: UUID


SURVIVE: Final = JobKind(
    "payment.survive",
    Survive,
    # Not to know what became of money is never given up: it ends with an answer, or by four eyes.
    RetryPolicy(
        attempts_max=1_000_000,
        age_max=timedelta(days=366 * 100),
        first_s=2,
        factor=2,
        wait_s_max=600,
    ),
)


def survivor_job(
    job_id: UUID, tenant_id: UUID, order_id: UUID, at: datetime, run_at: datetime
) -> Row:
    """The job of an attempt, for the commit that begins it."""
    return SURVIVE.row(
        job_id, tenant_id, Survive(order_id), at=at, run_at=run_at, unique=str(order_id)
    )


class Due(Struct, frozen=True):
    """The payload: an order whose day it is."""

    order_id: UUID


DUE: Final = JobKind(
    "payment.carry_out",
    Due,
    # What ends it is the end of the day: see `bezant.payments.scheduled`. An order is made long
    # before its day, so the job's age says nothing.
    RetryPolicy(
        attempts_max=1_000_000,
        age_max=timedelta(days=366 * 8_000),
        first_s=60,
        factor=2,
        wait_s_max=900,
    ),
)


def due_job(draft: Draft, order_id: UUID, day: date) -> Row:
    """The job of an order for a day, which begins as the book's time zone has it."""
    return DUE.row(
        draft.ids.new(),
        draft.book.tenant_id,
        Due(order_id),
        at=draft.at,
        run_at=first_instant(day, draft.book.time_zone),
        unique=str(order_id),
    )
