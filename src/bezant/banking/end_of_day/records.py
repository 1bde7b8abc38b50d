"""Ends of days as rows of a commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.end_of_day import store
from bezant.banking.end_of_day.errors import RunNotFound
from bezant.banking.end_of_day.schemas import Run, RunStatus
from bezant.kernel.database import Row, RowKind
from bezant.kernel.jobs import JobKind, RetryPolicy
from bezant.ledger import ReadKind, Seen

RUN: Final = ReadKind("end_of_day_run", store.READ_RUNS)
"""A run, by its identifier."""

NEWEST: Final = ReadKind("end_of_day_newest", store.READ_NEWEST)
"""The run of a book's newest day, by the book."""

BEFORE_ALL: Final = UUID(int=0)

_RUN: Final = RowKind("end_of_day_run", store.SAVE_RUNS, key_columns=1)


class CarryOut(Struct, frozen=True):
    """The payload of a job: which run to carry out."""

    run_id: UUID


CARRY_OUT: Final = JobKind(
    "end_of_day.carry_out",
    CarryOut,
    # Every attempt goes on where the one before ended, so none is the last.
    RetryPolicy(
        attempts_max=1_000_000,
        age_max=timedelta(days=366 * 100),
        first_s=2,
        factor=2,
        wait_s_max=600,
    ),
    attempt_s_max=3_600,
    at_once_max=1,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A run as it stands.

    Attributes:
        known_before: what the book knew when the day before was begun. What was posted since then
            and counts from a day before this one corrects that day.
        done_until: the last account that was looked at.
    """

    id: UUID
    book_id: UUID
    day: date
    status: RunStatus
    known_before: int
    known_seq: int
    done_until: UUID
    accounts: int
    started_at: datetime
    started_by: str
    completed_at: datetime | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Standing":
        """A run from its row, or as an item of the same batch has made it."""
        return cls(
            row["run_id"],
            row["ledger_book"],
            row["day"],
            RunStatus(row["status"]),
            row["known_before"],
            row["known_seq"],
            row["done_until"],
            row["accounts"],
            row["started_at"],
            row["started_by"],
            row["completed_at"],
        )

    def view(self) -> Run:
        """The wire form."""
        return Run(
            self.id,
            self.book_id,
            self.day,
            self.status,
            self.known_seq,
            self.accounts,
            self.started_at,
            self.started_by,
            self.completed_at,
        )

    def _values(self) -> dict[str, Any]:
        return {
            "run_id": self.id,
            "ledger_book": self.book_id,
            "day": self.day,
            "status": self.status,
            "known_before": self.known_before,
            "known_seq": self.known_seq,
            "done_until": self.done_until,
            "accounts": self.accounts,
            "started_at": self.started_at,
            "started_by": self.started_by,
            "completed_at": self.completed_at,
        }

    def save(self, seen: Seen) -> Row:
        """Its row, which the items after this one see."""
        values = self._values()
        seen.amend(RUN, self.id, values)
        seen.amend(NEWEST, self.book_id, values)
        return Row(_RUN, tuple(values.values()))


def newest_of(seen: Seen, book_id: UUID) -> Standing | None:
    """The run of a book's newest day, as the items before have left it."""
    row = seen.row(NEWEST, book_id)
    return None if row is None else Standing.of(row)


def run_of(seen: Seen, run_id: UUID) -> Standing:
    """A run as the items before have left it.

    Raises:
        RunNotFound: the tenant has no such.
    """
    row = seen.row(RUN, run_id)
    if row is None:
        raise RunNotFound("There is no such end of a day.")
    return Standing.of(row)
