"""Schedules: their plans, and how they come along. Pure, no I/O."""

import bisect
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.ids import derived_id
from bezant.kernel.instants import LATEST
from bezant.kernel.money import allocate
from bezant.ledger.schedules.calendar import add_months, first_instant, step
from bezant.ledger.schedules.errors import AccrualTooSmall, ScheduleNotActive
from bezant.ledger.schedules.schemas import (
    Accrual,
    Every,
    Planned,
    Recurring,
    ScheduleStatus,
    Terms,
)
from bezant.ledger.schemas import NewTransaction, Posting, Reversal

UPCOMING_MAX: Final = 12

_MICROSECOND: Final = timedelta(microseconds=1)
_DAYS: Final = {Every.DAY: 1, Every.WEEK: 7}


def occurrence_id(schedule_id: UUID, no: int) -> UUID:
    """The transaction of an occurrence: the same at every attempt, so it is posted at most once."""
    return derived_id(b"schedule" + schedule_id.bytes + no.to_bytes(8, "big"))


@dataclass(frozen=True)
class Plan:
    """What a schedule posts, and when.

    Attributes:
        schedule_id: what its transactions' identifiers are derived from.
        terms: never changed.
        zone: the book's.
    """

    schedule_id: UUID
    terms: Terms
    zone: ZoneInfo

    def at(self, no: int) -> datetime | None:
        """The instant of an occurrence, counted from 1; None where there is no such occurrence."""
        if isinstance(self.terms, Accrual):
            return self._accrued_at(self.terms, no)
        return self._recurs_at(self.terms, no)

    def transaction(self, no: int) -> NewTransaction:
        """What an occurrence posts: it counts from, and is booked on, the occurrence's own day."""
        at = self.at(no)
        assert at is not None
        booked = at.astimezone(self.zone).date()
        terms = self.terms
        postings: list[Posting] = []
        reverses = None
        if isinstance(terms, Recurring):
            metadata, reason = terms.transaction.metadata, terms.transaction.reason
            postings = [
                Posting(
                    leg.debit, leg.credit, leg.asset, leg.amount, leg.code, booked,
                    balancing=leg.balancing,
                )
                for leg in terms.transaction.postings
            ]  # fmt: skip
        else:
            metadata, reason = terms.metadata, terms.reason
            if terms.reverse and no % 2 == 0:
                part = occurrence_id(self.schedule_id, no - 1)
                reverses = Reversal(part, booking_date=booked)
            else:
                amount = str(self.parts[(no - 1) // 2 if terms.reverse else no - 1])
                leg = Posting(terms.debit, terms.credit, terms.asset, amount, terms.code, booked)
                postings = [leg]
        return NewTransaction(
            postings,
            id=occurrence_id(self.schedule_id, no),
            effective_at=at,
            metadata=metadata,
            reason=reason,
            reverses=reverses,
        )

    @cached_property
    def parts(self) -> list[int]:
        """An accrual's amount by month, in minor units; earlier months bear the remainder.

        Raises:
            AccrualTooSmall: some month would get nothing.
        """
        terms = self.terms
        assert isinstance(terms, Accrual)
        amount = int(terms.amount)
        if amount < terms.periods:
            raise AccrualTooSmall(
                f"{amount} is less than one for each of {terms.periods} months.", field="amount"
            )
        return allocate(amount, [1] * terms.periods)

    def first_from(self, no: int, instant: datetime) -> int:
        """The first occurrence, from a number on, that is not before an instant.

        It may be the one after the last.
        """
        start = self.at(no)
        if start is None or start >= instant:
            return no
        # No step is shorter than a calendar day, and no two zones' days differ by more than two.
        beyond = no + (instant - start).days + 4
        return bisect.bisect_left(
            range(beyond), instant, lo=no, key=lambda each: self.at(each) or LATEST
        )

    def upcoming(self, no: int) -> list[Planned]:
        """The occurrences from a number on, at most `UPCOMING_MAX`."""
        instants = ((each, self.at(each)) for each in range(no, no + UPCOMING_MAX))
        return [Planned(each, at) for each, at in instants if at is not None]

    def _recurs_at(self, terms: Recurring, no: int) -> datetime | None:
        if no > 1 and terms.every is Every.ONCE:
            return None
        if terms.count is not None and no > terms.count:
            return None
        first_at = terms.first_at.astimezone(UTC)
        if terms.every is Every.MONTH:
            at = step(first_at, self.zone, months=no - 1)
        else:
            at = step(first_at, self.zone, days=(no - 1) * _DAYS.get(terms.every, 1))
        return None if at is None or (terms.until is not None and at > terms.until) else at

    def _accrued_at(self, terms: Accrual, no: int) -> datetime | None:
        period = (no + 1) // 2 if terms.reverse else no
        if period > terms.periods:
            return None
        first = date.fromisoformat(f"{terms.first_period}-01")
        next_begins = first_instant(add_months(first, period), self.zone)
        return next_begins if terms.reverse and no % 2 == 0 else next_begins - _MICROSECOND


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a schedule has come.

    Attributes:
        version: counts its events, of which each is written once.
        next_no: the occurrence that comes next.
        next_at: its instant; None when there is none.
        posted: how many occurrences were posted.
        failed: how many were refused for good.
    """

    status: ScheduleStatus
    version: int
    next_no: int
    next_at: datetime | None
    posted: int = 0
    failed: int = 0

    @classmethod
    def begin(cls, plan: Plan) -> "Progress":
        """A schedule that has just been made."""
        return cls(ScheduleStatus.ACTIVE, 1, 1, plan.at(1))

    def pause(self) -> "Progress":
        """Nothing is posted until it is resumed.

        Raises:
            ScheduleNotActive: it is not active.
        """
        self._require(ScheduleStatus.ACTIVE)
        return _changed(self, ScheduleStatus.PAUSED)

    def resume(self, plan: Plan, at: datetime) -> "Progress":
        """Go on. What fell into the pause is passed over, but an accrual's parts are made up for.

        A part that was left out would leave the accrual without its sum.

        Raises:
            ScheduleNotActive: it is not paused.
        """
        self._require(ScheduleStatus.PAUSED)
        no = self.next_no
        if isinstance(plan.terms, Recurring):
            no = plan.first_from(no, at)
        return _heading_for(replace(_changed(self, ScheduleStatus.ACTIVE), next_no=no), plan.at(no))

    def cancel(self) -> "Progress":
        """Nothing is posted any more.

        Raises:
            ScheduleNotActive: it has ended.
        """
        self._require(ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED)
        return _heading_for(_changed(self, ScheduleStatus.CANCELLED), None)

    def is_due(self, no: int) -> bool:
        """Whether an occurrence is the one that comes next."""
        return self.status is ScheduleStatus.ACTIVE and self.next_no == no

    def may_make_up(self) -> bool:
        """Whether an occurrence that failed may still be posted."""
        return self.status in {ScheduleStatus.ACTIVE, ScheduleStatus.COMPLETED}

    def ran(self, no: int, next_at: datetime | None, *, is_posted: bool) -> "Progress":
        """The occurrence that comes next was posted, or refused for good.

        Args:
            no: its number.
            next_at: the instant of the one that follows; None when it was the last.
            is_posted: which of the two.
        """
        assert self.is_due(no)
        counted = replace(
            _changed(self, self.status),
            next_no=no + 1,
            posted=self.posted + is_posted,
            failed=self.failed + (not is_posted),
        )
        return _heading_for(counted, next_at)

    def made_up(self) -> "Progress":
        """An occurrence that had failed was posted after all."""
        counted = replace(self, posted=self.posted + 1, failed=self.failed - 1)
        return _changed(counted, self.status)

    def _require(self, *statuses: ScheduleStatus) -> None:
        if self.status not in statuses:
            raise ScheduleNotActive(f"The schedule is {self.status}.", schedule_status=self.status)


def _changed(progress: Progress, status: ScheduleStatus) -> Progress:
    """One event on."""
    return replace(progress, status=status, version=progress.version + 1)


def _heading_for(progress: Progress, next_at: datetime | None) -> Progress:
    """With an instant that comes next; an active schedule without one is completed."""
    if next_at is None and progress.status is ScheduleStatus.ACTIVE:
        return replace(progress, next_at=None, status=ScheduleStatus.COMPLETED)
    return replace(progress, next_at=next_at)
