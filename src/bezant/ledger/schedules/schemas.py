"""Wire models of schedules and accruals."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.instants import Instant, require_within_calendar
from bezant.ledger.schemas import (
    AccountId,
    Amount,
    AssetCode,
    Metadata,
    PositiveAmount,
    PostingCode,
    Side,
)

POSTINGS_MAX: Final = 100
COUNT_MAX: Final = 10_000
PERIODS_MAX: Final = 1_200

Reason = Annotated[str, Meta(max_length=500)]
Count = Annotated[int, Meta(ge=1, le=COUNT_MAX)]


class Every(StrEnum):
    """How often. Steps are of the calendar in the book's time zone."""

    ONCE = "once"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class ScheduleStatus(StrEnum):
    """Active and paused schedules go on; completed and cancelled ones have ended for ever."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ScheduledPosting(Struct, frozen=True, forbid_unknown_fields=True):
    """One leg of each occurrence; as `Posting`. Its dates are the occurrence's."""

    debit: AccountId
    credit: AccountId
    asset: AssetCode
    amount: Amount
    code: PostingCode = ""
    balancing: Side | None = None


class ScheduledTransaction(Struct, frozen=True, forbid_unknown_fields=True):
    """What each occurrence posts; as `NewTransaction`."""

    postings: Annotated[list[ScheduledPosting], Meta(min_length=1, max_length=POSTINGS_MAX)]
    metadata: Metadata | None = None
    reason: Reason | None = None


class Recurring(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="recurring"):
    """The same transaction again and again.

    Attributes:
        first_at: when the first occurrence counts from. Later ones keep its wall-clock time in the
            book's time zone, and a month's its day, or the month's last if it is shorter.
        count: how many occurrences; None for no such end.
        until: after which there are none; None for no such end.
    """

    transaction: ScheduledTransaction
    first_at: Instant
    every: Every
    count: Count | None
    until: Instant | None


class Accrual(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="accrual"):
    """An amount in parts, one at each month's last instant in the book's time zone.

    Attributes:
        amount: of all parts together.
        first_period: the month of the first part, such as `2060-01`.
        periods: how many months.
        reverse: take each part back at the first instant of the month that follows it.
    """

    debit: AccountId
    credit: AccountId
    asset: AssetCode
    amount: PositiveAmount
    code: PostingCode
    first_period: str
    periods: int
    reverse: bool
    metadata: Metadata | None
    reason: Reason | None


Terms = Recurring | Accrual


class NewSchedule(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/schedules`. `first_at`, `count` and `until` are as in `Recurring`.

    Attributes:
        id: the client's identifier; the same schedule under the same id is made once.
        every: `once` has neither `count` nor `until`.
    """

    transaction: ScheduledTransaction
    first_at: Instant
    every: Every
    id: UUID | None = None
    count: Count | None = None
    until: Instant | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.first_at, "first_at")
        require_within_calendar(self.until, "until")
        if self.every is Every.ONCE and (self.count is not None or self.until is not None):
            raise ValueError("Invalid field `every`: once has no end")
        if self.until is not None and self.until < self.first_at:
            raise ValueError("Invalid field `until`: not before `first_at`")

    @property
    def terms(self) -> Recurring:
        """What is kept of it."""
        return Recurring(self.transaction, self.first_at, self.every, self.count, self.until)


class NewAccrual(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/accruals`; the members are as in `Accrual`.

    Attributes:
        id: the client's identifier; the same accrual under the same id is made once.
    """

    debit: AccountId
    credit: AccountId
    asset: AssetCode
    amount: PositiveAmount
    first_period: Annotated[
        str,
        Meta(
            pattern=r"^(19[7-9][0-9]|[2-8][0-9]{3})-(0[1-9]|1[0-2])\Z",
            max_length=7,
            examples=["2060-01"],
        ),
    ]
    periods: Annotated[int, Meta(ge=1, le=PERIODS_MAX)]
    id: UUID | None = None
    code: PostingCode = ""
    reverse: bool = False
    metadata: Metadata | None = None
    reason: Reason | None = None

    @property
    def terms(self) -> Accrual:
        """What is kept of it."""
        return Accrual(
            self.debit,
            self.credit,
            self.asset,
            self.amount,
            self.code,
            self.first_period,
            self.periods,
            self.reverse,
            self.metadata,
            self.reason,
        )


class Planned(Struct, frozen=True):
    """An occurrence to come: its number, from 1, and its instant."""

    no: int
    at: datetime


class Schedule(Struct, frozen=True):
    """A schedule as it stands.

    Attributes:
        upcoming: the occurrences that come next, at most 12; of a paused schedule none.
        posted: how many occurrences were posted.
        failed: how many were refused for good.
    """

    id: UUID
    status: ScheduleStatus
    terms: Terms
    upcoming: list[Planned]
    posted: int
    failed: int
    created_at: datetime


class Schedules(Struct, frozen=True):
    """A page of a book's schedules, by identifier."""

    schedules: list[Schedule]
    next: str | None


class Outcome(StrEnum):
    """What became of an occurrence."""

    POSTED = "posted"
    FAILED = "failed"


class Occurrence(Struct, frozen=True):
    """What became of one occurrence, as it was recorded.

    Attributes:
        at: when it counts from.
        transaction_id: derived from the schedule and the number; it stands if it was posted.
        seq: of the transaction; None if it was refused.
        code: why it was refused; None if it was posted.
    """

    no: int
    at: datetime
    outcome: Outcome
    transaction_id: UUID
    seq: int | None
    code: str | None
    recorded_at: datetime


class Occurrences(Struct, frozen=True):
    """A page of a schedule's outcomes, in the order of their recording."""

    occurrences: list[Occurrence]
    next: str | None
