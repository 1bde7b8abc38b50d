"""Bulk payments as rows, and the job of each chunk."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.database import Row, RowKind
from bezant.kernel.jobs import JobKind, RetryPolicy
from bezant.payments.bulk import store
from bezant.payments.bulk.domain import CONFIRM_WITHIN, ItemOutcome

_OUTCOME: Final = RowKind("bulk_item", store.SAVE_OUTCOMES)
_FREED: Final = RowKind("bulk_reference", store.FREE_REFERENCES)


class OrderChunk(Struct, frozen=True):
    """The payload of a job: which payments of a file to order."""

    bulk_id: UUID
    chunk_no: int


class VerifyChunk(Struct, frozen=True):
    """The payload of a job: the payees of which payments of a file to verify."""

    bulk_id: UUID
    chunk_no: int


class Lapse(Struct, frozen=True):
    """The payload of a job: which file waits for its payer no longer."""

    bulk_id: UUID


ORDER_CHUNK: Final = JobKind(
    "bulk_payment.order",
    OrderChunk,
    # What is repeated is what could not be asked; it ends once it can.
    RetryPolicy(
        attempts_max=1_000_000,
        age_max=timedelta(days=366 * 100),
        first_s=2,
        factor=2,
        wait_s_max=600,
    ),
    at_once_max=2,
)


VERIFY_CHUNK: Final = JobKind(
    "bulk_payment.verify",
    VerifyChunk,
    # An attempt that ends finds an answer for every payee; what is repeated was killed.
    RetryPolicy(attempts_max=1_000, age_max=CONFIRM_WITHIN, first_s=2, factor=2, wait_s_max=600),
    attempt_s_max=120,
    at_once_max=2,
)

LAPSE: Final = JobKind(
    "bulk_payment.lapse",
    Lapse,
    RetryPolicy(
        attempts_max=1_000_000,
        age_max=timedelta(days=366 * 100),
        first_s=2,
        factor=2,
        wait_s_max=600,
    ),
)


def chunk_job(job_id: UUID, tenant_id: UUID, bulk_id: UUID, chunk_no: int, at: datetime) -> Row:
    """The job that orders a chunk."""
    return ORDER_CHUNK.row(
        job_id,
        tenant_id,
        OrderChunk(bulk_id, chunk_no),
        at=at,
        unique=f"{bulk_id}:{chunk_no}",
    )


def verify_job(job_id: UUID, tenant_id: UUID, bulk_id: UUID, chunk_no: int, at: datetime) -> Row:
    """The job that verifies the payees of a chunk."""
    return VERIFY_CHUNK.row(
        job_id,
        tenant_id,
        VerifyChunk(bulk_id, chunk_no),
        at=at,
        unique=f"{bulk_id}:{chunk_no}",
    )


def lapse_job(
    job_id: UUID, tenant_id: UUID, bulk_id: UUID, at: datetime, confirm_by: datetime
) -> Row:
    """The job that ends a file's waiting for its payer."""
    return LAPSE.row(
        job_id, tenant_id, Lapse(bulk_id), at=at, run_at=confirm_by, unique=str(bulk_id)
    )


def outcome_rows(bulk_id: UUID, item_no: int, code: str | None, at: datetime) -> tuple[Row, ...]:
    """That a payment was ordered, or why it was refused: then its name is free again."""
    if code is None:
        return (Row(_OUTCOME, (bulk_id, item_no, ItemOutcome.ORDERED, None, at)),)
    refused = Row(_OUTCOME, (bulk_id, item_no, ItemOutcome.REFUSED, code, at))
    return refused, Row(_FREED, (bulk_id, item_no))
