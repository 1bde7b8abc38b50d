"""What happens to schedules in the lane of their book: one commit with whatever it posts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.outbox import event
from bezant.ledger.contents import check_content
from bezant.ledger.errors import AssetMismatch, UnknownAccount
from bezant.ledger.lane import Decision, Draft, Posted, Reads, RiderKinds, Seen
from bezant.ledger.posting import post, reads_of
from bezant.ledger.schedules.domain import Plan, Progress
from bezant.ledger.schedules.errors import ScheduleIdReused, ScheduleNotFound
from bezant.ledger.schedules.records import (
    READ,
    READ_OUTCOME,
    Happened,
    Standing,
    job_of,
    rows_of,
    standing_of,
)
from bezant.ledger.schedules.schemas import Accrual, Outcome, Recurring, ScheduledPosting, Terms
from bezant.ledger.schemas import NewTransaction


class Change(StrEnum):
    """What a client does to a schedule."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


_PAST: Final = {Change.PAUSE: "paused", Change.RESUME: "resumed", Change.CANCEL: "cancelled"}


class Ran(StrEnum):
    """What became of a job's occurrence.

    `passed_over`: it is not to be posted, or not any more. `early`: its instant has not come by the
    clock of the book's writer.
    """

    POSTED = "posted"
    PASSED_OVER = "passed_over"
    EARLY = "early"


@RiderKinds.register
class CreateSchedule(msgspec.Struct, frozen=True):
    """`POST …/schedules`, `POST …/accruals`. `id` is the client's, if it gave one."""

    book_id: UUID
    id: UUID | None
    terms: Terms

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """The accounts, and whether the id is taken."""
        accounts = frozenset(
            account for leg in _legs(self.terms) for account in (leg.debit, leg.credit)
        )
        taken = () if self.id is None else ((READ, _key(self.book_id, self.id)),)
        return Reads(accounts, rows=taken)

    def decide(self, seen: Seen) -> Decision:
        """Make it, or find that it was made.

        Raises:
            PersonalDataRefused: the content holds what belongs in the vault.
            ScheduleIdReused: the id belongs to another schedule.
            UnknownAccount: a leg names an account that the book does not have.
            AssetMismatch: or one that holds another asset.
            AccrualTooSmall: some month of an accrual would get nothing.
        """
        _check_content(self.terms)
        draft = seen.draft
        standing = None if self.id is None else _found(seen, self.book_id, self.id)
        if standing is not None:
            if standing.plan.terms != self.terms:
                raise ScheduleIdReused(f"{self.id} is another schedule.", field="id")
            return Decision(Answer.of(standing.view(), status=201))
        plan = Plan(self.id or draft.ids.new(), self.terms, draft.book.time_zone)
        _check_accounts(draft, self.terms)
        if isinstance(self.terms, Accrual):
            assert sum(plan.parts) == int(self.terms.amount)
        created = Standing(plan, Progress.begin(plan), draft.at)
        rows = (*rows_of(draft, created, Happened("created")), *job_of(draft, created))
        return Decision(Answer.of(created.view(), status=201), rows)


@RiderKinds.register
class ChangeSchedule(msgspec.Struct, frozen=True):
    """`POST …/schedules/{id}/pause`, `…/resume`, `…/cancel`."""

    book_id: UUID
    id: UUID
    change: Change

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """The schedule."""
        return Reads(rows=((READ, _key(self.book_id, self.id)),))

    def decide(self, seen: Seen) -> Decision:
        """Change it.

        Raises:
            ScheduleNotFound: the book has no such schedule.
            ScheduleNotActive: its status does not allow it.
        """
        standing = _found(seen, self.book_id, self.id)
        if standing is None:
            raise ScheduleNotFound(f"No schedule {self.id}.")
        progress, plan = standing.progress, standing.plan
        match self.change:
            case Change.PAUSE:
                changed = replace(standing, progress=progress.pause())
            case Change.RESUME:
                changed = replace(standing, progress=progress.resume(plan, seen.draft.at))
            case Change.CANCEL:
                changed = replace(standing, progress=progress.cancel())
        rows = rows_of(seen.draft, changed, Happened(_PAST[self.change]))
        return Decision(Answer.of(changed.view()), (*rows, *job_of(seen.draft, changed)))


@RiderKinds.register
class RunOccurrence(msgspec.Struct, frozen=True):
    """An occurrence whose instant has come: its transaction, and the record of it.

    Whether it is still to be posted is read in the commit that posts it: a schedule that was
    paused or cancelled before posts nothing after.

    Attributes:
        at: its instant.
        next_at: that of the occurrence after it; None when it is the last.
        is_last_try: record it as failed if it is refused.
    """

    book_id: UUID
    schedule_id: UUID
    no: int
    at: datetime
    next_at: datetime | None
    new: NewTransaction
    is_last_try: bool

    @property
    def weight(self) -> int:
        """The legs of its transaction."""
        return self.new.weight

    def reads(self) -> Reads:
        """The schedule, the occurrence's outcome so far, and what the transaction names."""
        key = _key(self.book_id, self.schedule_id)
        of_transaction = reads_of(self.new)
        return replace(of_transaction, rows=((READ, key), (READ_OUTCOME, f"{key}/{self.no}")))

    def decide(self, seen: Seen) -> Decision:
        """Post it and plan the next, if it is the one that comes next, or failed before."""
        draft = seen.draft
        standing = _found(seen, self.book_id, self.schedule_id)
        if standing is None or not self._is_wanted(seen, standing.progress):
            return Decision(Answer.of(Ran.PASSED_OVER))
        if self.at > draft.at:
            return Decision(Answer.of(Ran.EARLY))
        try:
            posted = post(draft, self.new)
        except Refusal as refusal:
            return self._refused(draft, standing, refusal)
        return self._posted(draft, standing, posted)

    def _is_wanted(self, seen: Seen, progress: Progress) -> bool:
        if progress.is_due(self.no):
            return True
        key = f"{_key(self.book_id, self.schedule_id)}/{self.no}"
        outcome = (seen.row(READ_OUTCOME, key) or {}).get("kind")
        return outcome == Outcome.FAILED and progress.may_make_up()

    def _posted(self, draft: Draft, standing: Standing, posted: Posted) -> Decision:
        happened = self._happened(Outcome.POSTED, seq=posted.seq)
        if not standing.progress.is_due(self.no):
            made_up = replace(standing, progress=standing.progress.made_up())
            return Decision(Answer.of(Ran.POSTED), rows_of(draft, made_up, happened))
        progress = standing.progress.ran(self.no, self.next_at, is_posted=True)
        after = replace(standing, progress=progress)
        rows = (*rows_of(draft, after, happened), *job_of(draft, after))
        return Decision(Answer.of(Ran.POSTED), rows)

    def _refused(self, draft: Draft, standing: Standing, refusal: Refusal) -> Decision:
        answer = Answer.refused(refusal)
        if not (self.is_last_try and standing.progress.is_due(self.no)):
            return Decision(answer)
        progress = standing.progress.ran(self.no, self.next_at, is_posted=False)
        after = replace(standing, progress=progress)
        told = event(
            draft.ids.new(),
            "schedule.occurrence_failed",
            f"/v1/books/{self.book_id}/schedules/{self.schedule_id}",
            draft.at,
            {"occurrence": self.no, "code": refusal.code},
        )
        happened = self._happened(Outcome.FAILED, code=refusal.code)
        return Decision(answer, (*rows_of(draft, after, happened), *job_of(draft, after), told))

    def _happened(
        self, outcome: Outcome, *, seq: int | None = None, code: str | None = None
    ) -> Happened:
        return Happened(outcome, self.no, self.at, self.new.id, seq, code)


def _key(book_id: UUID, schedule_id: UUID) -> str:
    return f"{book_id}/{schedule_id}"


def _found(seen: Seen, book_id: UUID, schedule_id: UUID) -> Standing | None:
    row = seen.row(READ, _key(book_id, schedule_id))
    return None if row is None else standing_of(row, schedule_id, seen.draft.book.time_zone)


def _legs(terms: Terms) -> Sequence[ScheduledPosting | Accrual]:
    return terms.transaction.postings if isinstance(terms, Recurring) else [terms]


def _check_content(terms: Terms) -> None:
    if isinstance(terms, Recurring):
        of_each = terms.transaction
        check_content(of_each.metadata, of_each.reason, place="transaction.")
    else:
        check_content(terms.metadata, terms.reason)


def _check_accounts(draft: Draft, terms: Terms) -> None:
    """Refuse at once what could never be posted; limits and states are judged when it is."""
    for index, leg in enumerate(_legs(terms)):
        place = f"transaction.postings[{index}]." if isinstance(terms, Recurring) else ""
        for side in ("debit", "credit"):
            account_id, field = getattr(leg, side), f"{place}{side}"
            account = draft.book.accounts.get(account_id)
            if account is None:
                raise UnknownAccount(f"The book has no account {account_id!r}.", field=field)
            if account.asset != leg.asset:
                raise AssetMismatch(f"{account_id} holds {account.asset}.", field=field)
