"""A book as its lane holds it in memory, valid while epoch and version match the lane's row."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.ledger.domain import Account
from bezant.ledger.lane.watch import Unwatched, Watch
from bezant.ledger.proof import Frontier


@dataclass(slots=True)
class Head:
    """Where a book's history ends: the lane's row.

    Attributes:
        epoch: counts the holders; whoever holds an older one can no longer write.
        version: counts the batches, those that only refused included.
        seq: the last number given in the book's feed.
        accounts: how many accounts were opened.
        log: the right edge of the Merkle log over batches.
        recorded_at: the instant of the last number given.
    """

    epoch: int
    version: int
    seq: int
    accounts: int
    log: Frontier
    recorded_at: datetime


@dataclass(slots=True)
class BookState:
    """A book in memory.

    Attributes:
        assets: scales by asset code.
        accounts: those looked at so far, by id.
        watch: who has to know of batches.
    """

    tenant_id: UUID
    book_id: UUID
    time_zone: ZoneInfo
    assets: dict[str, int]
    head: Head
    accounts: dict[str, Account] = field(default_factory=dict)
    watch: Watch = field(default_factory=Unwatched)
    _day: tuple[datetime, datetime, date] | None = None

    def local_date(self, instant: datetime) -> date:
        """The calendar day of an instant in the book's time zone."""
        if self._day is None or not self._day[0] <= instant < self._day[1]:
            day = instant.astimezone(self.time_zone).date()
            starts = datetime.combine(day, time.min, self.time_zone).astimezone(UTC)
            ends = datetime.combine(day + timedelta(days=1), time.min, self.time_zone)
            self._day = (starts, ends.astimezone(UTC), day)
            # Where a zone skips a day or its midnight, the bounds may miss the instant: then ask
            # each time.
            if not starts <= instant < self._day[1]:
                self._day = None
                return day
        return self._day[2]
