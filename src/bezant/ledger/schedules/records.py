"""Schedules as rows, and rows as schedules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from bezant.kernel.database import Row, RowKind
from bezant.kernel.jobs import JobKind, RetryPolicy
from bezant.ledger.feed.history import Row as Stored
from bezant.ledger.lane import Draft, ReadKind
from bezant.ledger.schedules import schemas, store
from bezant.ledger.schedules.domain import Plan, Progress
from bezant.ledger.schedules.schemas import ScheduleStatus, Terms

READ: Final = ReadKind("schedule", store.READ_SCHEDULES)
READ_OUTCOME: Final = ReadKind("schedule_outcome", store.READ_OUTCOMES)

_SCHEDULE: Final = RowKind("schedule", store.SAVE_SCHEDULES)
_EVENT: Final = RowKind("schedule_event", store.INSERT_EVENTS)


class Run(Struct, frozen=True):
    """The payload of a job: which occurrence to post."""

    book_id: UUID
    schedule_id: UUID
    no: int


RUN: Final = JobKind(
    "schedule.run",
    Run,
    # What ends it is that the occurrence is recorded: see `jobs.TRIES`. A job is made as soon as
    # its occurrence is known, so its age says nothing.
    RetryPolicy(
        attempts_max=100_000,
        age_max=timedelta(days=366 * 8_000),
        first_s=60,
        factor=4,
        wait_s_max=4 * 3600,
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A schedule as it stands."""

    plan: Plan
    progress: Progress
    created_at: datetime

    def view(self) -> schemas.Schedule:
        """The wire form."""
        is_active = self.progress.status is ScheduleStatus.ACTIVE
        return schemas.Schedule(
            id=self.plan.schedule_id,
            status=self.progress.status,
            terms=self.plan.terms,
            upcoming=self.plan.upcoming(self.progress.next_no) if is_active else [],
            posted=self.progress.posted,
            failed=self.progress.failed,
            created_at=self.created_at,
        )


@dataclass(frozen=True, slots=True)
class Happened:
    """What is recorded when a schedule changes.

    Attributes:
        kind: `created`, `paused`, `resumed`, `cancelled`, or an occurrence's outcome.
        no: of the occurrence.
        seq: of its transaction.
        code: why it was refused.
    """

    kind: str
    no: int | None = None
    occurs_at: datetime | None = None
    transaction_id: UUID | None = None
    seq: int | None = None
    code: str | None = None


def standing_of(row: Stored, schedule_id: UUID, zone: ZoneInfo) -> Standing:
    """A schedule from its row."""
    terms: Terms = msgspec.json.decode(row["terms"], type=Terms)
    progress = Progress(
        ScheduleStatus(row["status"]),
        row["version"],
        row["next_no"],
        row["next_at"],
        row["posted"],
        row["failed"],
    )
    return Standing(Plan(schedule_id, terms, zone), progress, row["created_at"])


def rows_of(draft: Draft, standing: Standing, happened: Happened) -> tuple[Row, ...]:
    """The rows of a change: how the schedule stands now, and what led there."""
    book_id, schedule_id = draft.book.book_id, standing.plan.schedule_id
    progress = standing.progress
    saved = (
        book_id,
        schedule_id,
        msgspec.json.encode(standing.plan.terms),
        progress.status,
        progress.version,
        progress.next_no,
        progress.next_at,
        progress.posted,
        progress.failed,
        standing.created_at,
    )
    event = (
        book_id,
        schedule_id,
        progress.version,
        happened.kind,
        happened.no,
        happened.occurs_at,
        happened.transaction_id,
        happened.seq,
        happened.code,
        draft.at,
    )
    return Row(_EVENT, event), Row(_SCHEDULE, saved)


def job_of(draft: Draft, standing: Standing) -> tuple[Row, ...]:
    """The job of the occurrence that comes next, if one does."""
    progress, schedule_id = standing.progress, standing.plan.schedule_id
    if progress.status is not ScheduleStatus.ACTIVE:
        return ()
    payload = Run(draft.book.book_id, schedule_id, progress.next_no)
    job = RUN.row(
        draft.ids.new(),
        draft.book.tenant_id,
        payload,
        at=draft.at,
        run_at=progress.next_at,
        unique=f"{schedule_id}:{progress.version}",
    )
    return (job,)
