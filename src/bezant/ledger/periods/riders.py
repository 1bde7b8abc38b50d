"""Closing and reopening periods, in the lane of their book."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.ledger.lane import Decision, Draft, Reads, RiderKinds, Seen, record_period
from bezant.ledger.months import Month, PeriodEventKind, Reopening
from bezant.ledger.periods import schemas, store
from bezant.ledger.periods.closing import ClosingLeg, post_closing, reverse_closing
from bezant.ledger.periods.errors import (
    ReopeningNotFound,
    ReopeningNotPending,
    ReopeningPending,
    SecondActorNeeded,
)
from bezant.ledger.periods.schemas import ReopeningState
from bezant.ledger.schemas import POSTINGS_MAX

REOPENING_LASTS: Final = timedelta(hours=72)
"""How long a request to reopen a period can be approved."""

_REOPENING: Final = RowKind("period_reopening", store.INSERT_REOPENINGS)
_OUTCOME: Final = RowKind("period_reopening_outcome", store.INSERT_OUTCOMES)


@RiderKinds.register
class ClosePeriod(msgspec.Struct, frozen=True):
    """`POST …/periods/{period}/close`.

    Attributes:
        closing_to: where closing entries bring the results; None makes no entries.
    """

    period: str
    closing_to: str | None
    actor: str

    @property
    def weight(self) -> int:
        """A leg for each account of income and expense, which are known later."""
        return 1 if self.closing_to is None else POSTINGS_MAX

    def reads(self) -> Reads:
        """What its closing entries bring to zero."""
        return Reads(results_of=None if self.closing_to is None else Month.parse(self.period))

    def decide(self, seen: Seen) -> Decision:
        """Post the closing entries, then close it: whatever comes later finds it closed."""
        draft, month = seen.draft, Month.parse(self.period)
        book = draft.book
        book.periods.check_closing(month, book.local_date(draft.at))
        closing = None
        if self.closing_to is not None:
            closing = post_closing(draft, month, seen.results[month], self.closing_to)
        rows: tuple[Row, ...] = ()
        if (asked := book.periods.reopening) is not None:
            state = ReopeningState.EXPIRED if asked.is_over(draft.at) else ReopeningState.LAPSED
            rows = (_outcome(draft, asked, state, self.actor),)
        draft.change_periods(book.periods.close(month, closing))
        event = record_period(
            draft, PeriodEventKind.CLOSED, month, transaction_id=closing, actor=self.actor
        )
        closed = schemas.Period(
            period=self.period,
            status=schemas.PeriodStatus.CLOSED,
            first_day=month.first_day,
            last_day=month.last_day,
            closed_at=event.recorded_at,
            closed_by=event.actor,
            seq=event.seq,
            closing_transaction=closing,
        )
        return Decision(Answer.of(closed), rows)


@RiderKinds.register
class RequestReopening(msgspec.Struct, frozen=True):
    """`POST …/periods/{period}/reopen`."""

    period: str
    reason: str
    actor: str

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """Nothing: the lane knows its periods."""
        return Reads()

    def decide(self, seen: Seen) -> Decision:
        """Ask for a second actor."""
        draft, month = seen.draft, Month.parse(self.period)
        periods, rows = draft.book.periods, []
        periods.check_last_closed(month)
        if (asked := periods.reopening) is not None:
            if not asked.is_over(draft.at):
                raise ReopeningPending(
                    f"Request {asked.id} is pending until {asked.expires_at}.",
                    reopening=str(asked.id),
                )
            rows.append(_outcome(draft, asked, ReopeningState.EXPIRED, self.actor))
        reopening = Reopening(
            draft.ids.new(), month, self.reason, self.actor, draft.at, draft.at + REOPENING_LASTS
        )
        draft.change_periods(periods.asking(reopening))
        values = (
            draft.book.book_id,
            reopening.id,
            self.period,
            self.reason,
            self.actor,
            reopening.requested_at,
            reopening.expires_at,
        )
        rows.append(Row(_REOPENING, values))
        return Decision(Answer.of(view(reopening, ReopeningState.PENDING), status=202), tuple(rows))


@RiderKinds.register
class ApproveReopening(msgspec.Struct, frozen=True):
    """`POST …/reopenings/{reopening}/approve`.

    Attributes:
        closing: the period's closing entries, if it has any.
        legs: theirs. History does not change, so they may have been read before.
    """

    period: str
    reopening: UUID
    closing: UUID | None
    legs: list[ClosingLeg]
    actor: str

    @property
    def weight(self) -> int:
        """A leg for each of the closing entries."""
        return max(1, len(self.legs))

    def reads(self) -> Reads:
        """The accounts of the closing entries."""
        return Reads(frozenset(each for leg in self.legs for each in (leg.debit, leg.credit)))

    def decide(self, seen: Seen) -> Decision:
        """Open the period again, and take its closing entries back."""
        draft, month = seen.draft, Month.parse(self.period)
        periods = draft.book.periods
        asked = _pending(draft, month, self.reopening)
        if asked.requested_by == self.actor:
            raise SecondActorNeeded(f"{self.actor} asked for it; another actor approves.")
        periods.check_last_closed(month)
        if periods.closings.get(month) != self.closing:
            raise ReopeningNotPending("The period was closed anew since.")
        draft.change_periods(periods.reopen(month))
        taking_back = None if self.closing is None else draft.ids.new()
        event = record_period(
            draft,
            PeriodEventKind.REOPENED,
            month,
            transaction_id=taking_back,
            actor=self.actor,
            requested_by=asked.requested_by,
        )
        if taking_back is not None:
            reverse_closing(draft, taking_back, month, self.legs)
        outcome = _outcome(draft, asked, ReopeningState.APPROVED, self.actor)
        approved = view(asked, ReopeningState.APPROVED, self.actor, draft.at)
        period = schemas.Period(
            period=self.period,
            status=schemas.PeriodStatus.OPEN,
            first_day=month.first_day,
            last_day=month.last_day,
            seq=event.seq,
            reopenings=[approved],
        )
        return Decision(Answer.of(period), (outcome,))


@RiderKinds.register
class WithdrawReopening(msgspec.Struct, frozen=True):
    """`POST …/reopenings/{reopening}/withdraw`."""

    period: str
    reopening: UUID
    actor: str

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """Nothing: the lane knows its periods."""
        return Reads()

    def decide(self, seen: Seen) -> Decision:
        """Ask for it no longer."""
        draft = seen.draft
        asked = _pending(draft, Month.parse(self.period), self.reopening)
        draft.change_periods(draft.book.periods.asking(None))
        outcome = _outcome(draft, asked, ReopeningState.WITHDRAWN, self.actor)
        withdrawn = view(asked, ReopeningState.WITHDRAWN, self.actor, draft.at)
        return Decision(Answer.of(withdrawn), (outcome,))


def view(
    reopening: Reopening,
    state: ReopeningState,
    decided_by: str | None = None,
    decided_at: datetime | None = None,
) -> schemas.Reopening:
    """The wire form."""
    return schemas.Reopening(
        id=reopening.id,
        period=str(reopening.month),
        state=state,
        reason=reopening.reason,
        requested_by=reopening.requested_by,
        requested_at=reopening.requested_at,
        expires_at=reopening.expires_at,
        decided_by=decided_by,
        decided_at=decided_at,
    )


def _pending(draft: Draft, month: Month, reopening_id: UUID) -> Reopening:
    """The pending request; who sends one on has looked whether there is such a request at all."""
    asked = draft.book.periods.reopening
    if asked is None or asked.id != reopening_id or asked.is_over(draft.at):
        raise ReopeningNotPending(f"Request {reopening_id} is not pending.")
    if asked.month != month:
        raise ReopeningNotFound(f"{month} has no request {reopening_id}.")
    return asked


def _outcome(draft: Draft, asked: Reopening, state: ReopeningState, actor: str) -> Row:
    return Row(_OUTCOME, (draft.book.book_id, asked.id, state, actor, draft.at))
