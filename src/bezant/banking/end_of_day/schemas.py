"""Wire models of ends of days."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from bezant.kernel.instants import EARLIEST, LATEST


class RunStatus(StrEnum):
    """Whether a day is ended."""

    RUNNING = "running"
    COMPLETED = "completed"


class NewRun(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/end-of-day-runs`: end a day of a book. It must be over in the book's time zone."""

    book_id: UUID
    day: date

    def __post_init__(self) -> None:
        """Refuse what no calendar has."""
        if not EARLIEST.date() <= self.day <= LATEST.date():
            raise ValueError("Invalid field `day`: from 1970 to 9998")


class Run(Struct, frozen=True):
    """The end of a day of a book.

    Attributes:
        known_seq: what the book knew when it was begun: its balances are those.
        accounts: that were looked at so far.
    """

    id: UUID
    book_id: UUID
    day: date
    status: RunStatus
    known_seq: int
    accounts: int
    started_at: datetime
    started_by: str
    completed_at: datetime | None


class Runs(Struct, frozen=True):
    """A page of ends of days, those begun first before the others."""

    runs: list[Run]
    next: str | None
