"""A book as its lane holds it in memory, valid while epoch and version match the lane's row."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.ledger.domain import Account, Hold, LimitGroup
from bezant.ledger.lane.expiries import Expiries
from bezant.ledger.lane.watch import Unwatched, Watch
from bezant.ledger.months import Periods
from bezant.ledger.proof import Frontier
from bezant.ledger.reversals import Original
from bezant.ledger.schemas import HoldState

ACCOUNTS_HELD_MAX: Final = 500_000
"""Accounts kept in memory per book; the longest known are let go first."""

ABSENT_HELD_MAX: Final = 10_000
"""Identifiers kept in memory per book that no account has."""

HOLDS_HELD_MAX: Final = 100_000
"""Holds kept in memory per book, as for accounts."""

REFUSED_HELD_MAX: Final = 100_000
"""Identifiers of refused transactions kept in memory per book; beyond, they are looked up."""


ORIGINALS_HELD_MAX: Final = 1_000
"""Transactions kept in memory per book whose legs are being taken back."""


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

    What a lane once looked at stays the newest, since nobody else changes it: what is here is never
    read again, whether the batch that changed it is durable yet or not.

    Attributes:
        assets: scales by asset code.
        accounts: those looked at so far, by id.
        absent: ids that were looked for, and that no account has. Payments ask for accounts that
            few of them open, such as for what is exposed.
        limit_groups: as `accounts`.
        holds: as `accounts`.
        hold_groups: the identifiers of the holds in memory, by their group.
        expiries: what has to expire next.
        originals: transactions that reversals named lately, with what was taken back of them.
        refused: transactions that were refused for a reason that may pass: the codes, by id.
        has_older_refusals: whether there may be more of them than are in memory.
        periods: which are closed.
        watch: who has to know of batches.
    """

    tenant_id: UUID
    book_id: UUID
    time_zone: ZoneInfo
    assets: dict[str, int]
    head: Head
    accounts: dict[str, Account] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    limit_groups: dict[str, LimitGroup] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    hold_groups: dict[UUID, set[UUID]] = field(default_factory=dict)
    expiries: Expiries = field(default_factory=Expiries)
    originals: dict[UUID, Original] = field(default_factory=dict)
    refused: dict[UUID, str] = field(default_factory=dict)
    has_older_refusals: bool = False
    periods: Periods = field(default_factory=Periods)
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

    def remember(self, holds: Iterable[Hold]) -> None:
        """Take holds into memory that were read; those that are here already are newer."""
        for hold in holds:
            if hold.id not in self.holds:
                self.add_hold(hold)

    def add_hold(self, hold: Hold) -> None:
        """Take a hold into memory."""
        self.holds[hold.id] = hold
        self.hold_groups.setdefault(hold.group_id, set()).add(hold.id)
        if hold.expires_at is not None and hold.state is HoldState.OPEN:
            self.expiries.add(hold.expires_at, hold.id)

    def drop_hold(self, hold: Hold) -> None:
        """Let a hold go."""
        del self.holds[hold.id]
        group = self.hold_groups[hold.group_id]
        group.remove(hold.id)
        if not group:
            del self.hold_groups[hold.group_id]

    def due_holds(self, at: datetime) -> list[Hold]:
        """Those in memory that have to expire, the earliest first."""
        return [
            hold
            for hold_id in self.expiries.due(at)
            if (hold := self.holds.get(hold_id)) is not None and hold.is_due(at)
        ]

    @property
    def is_overfull(self) -> bool:
        """Whether memory is a quarter beyond its limits, so that it is time to forget."""
        return (
            4 * len(self.accounts) > 5 * ACCOUNTS_HELD_MAX
            or 4 * len(self.holds) > 5 * HOLDS_HELD_MAX
            or 4 * len(self.refused) > 5 * REFUSED_HELD_MAX
            or len(self.originals) > ORIGINALS_HELD_MAX
        )

    def forget(self) -> None:
        """Keep memory within its limits. No batch may be under way: what it touched has to stay."""
        while len(self.accounts) > ACCOUNTS_HELD_MAX:
            del self.accounts[next(iter(self.accounts))]
        if len(self.absent) > ABSENT_HELD_MAX:
            self.absent.clear()
        while len(self.holds) > HOLDS_HELD_MAX:
            self.drop_hold(next(iter(self.holds.values())))
        # Few transactions are taken back more than once, and each may have thousands of legs.
        self.originals.clear()
        while len(self.refused) > REFUSED_HELD_MAX:
            del self.refused[next(iter(self.refused))]
            self.has_older_refusals = True
