"""Safeguarding in the lane of its book: what is agreed on, a day's cut, and what it came to."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.kernel.outbox import event
from bezant.ledger import Decision, Draft, Reads, RiderKinds, Seen, first_instant
from bezant.ledger.schemas import AccountType
from bezant.payments.safeguarding import schemas
from bezant.payments.safeguarding.domain import Difference
from bezant.payments.safeguarding.errors import (
    SafeguardingDayNotReady,
    SafeguardingNotFound,
    UnfitSafeguardingAccount,
)
from bezant.payments.safeguarding.jobs import RECONCILE, Reconcile
from bezant.payments.safeguarding.records import (
    ARRANGEMENT,
    DAY,
    UNCLOSED,
    Arranged,
    Standing,
    arranged_of,
    cut_row,
    day_of,
    reconciliation_id_of,
    result_row,
    unclosed,
    unclosed_key,
)
from bezant.payments.safeguarding.schemas import IncidentState, Outcome

KINDS: Final = (Outcome.SHORTFALL, Outcome.EXCESS)
_DAY: Final = timedelta(days=1)
_MICROSECOND: Final = timedelta(microseconds=1)


@RiderKinds.register
class ArrangeSafeguarding(msgspec.Struct, frozen=True):
    """`POST /v1/safeguarding-arrangements`."""

    id: UUID
    new: schemas.NewArrangement
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The arrangement, if there is one, and the accounts that are to safeguard."""
        accounts = frozenset(each.account for each in self.new.terms.accounts)
        return Reads(accounts, rows=((ARRANGEMENT, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """Agree on terms. The first have the day that is running reconciled, and every one after.

        Raises:
            UnfitSafeguardingAccount: see there.
        """
        draft = seen.draft
        for place, each in enumerate(self.new.terms.accounts):
            account = draft.book.accounts.get(each.account)
            is_fit = (
                account is not None
                and account.type is AccountType.ASSET
                and account.asset == self.new.asset
            )
            if not is_fit:
                raise UnfitSafeguardingAccount(
                    f"It is no account of type asset in {self.new.asset}.",
                    field=f"terms.accounts[{place}].account",
                )
        row = seen.row(ARRANGEMENT, self.id)
        today = draft.at.astimezone(draft.book.time_zone).date()
        before = None if row is None else Arranged.of(row)
        arranged = Arranged(
            self.id,
            self.new.institution_id,
            draft.book.book_id,
            self.new.asset,
            1 if before is None else before.version + 1,
            today if before is None else before.since,
            {} if before is None else before.incidents,
            self.new.terms,
            draft.at,
        )
        jobs = () if before is not None else (day_job(draft, arranged, today),)
        rows = (arranged.save(seen), arranged.agreed(self.actor), *jobs)
        return Decision(Answer.of(arranged.view(), 201), rows)


@RiderKinds.register
class BeginSafeguarding(msgspec.Struct, frozen=True):
    """A day's cut: `POST /v1/safeguarding-reconciliations`, or the job of the day.

    It commits in the lane after the day's end, so that whatever the book recorded by then is
    committed too: the figures follow from history, whoever finds them out, and when.

    Attributes:
        is_asked: whether somebody waits for it, so that a job is to do it at once.
    """

    arrangement_id: UUID
    day: date
    actor: str
    is_asked: bool
    weight: int = 1

    def reads(self) -> Reads:
        """The arrangement, and the day, if it was begun before."""
        key = reconciliation_id_of(self.arrangement_id, self.day)
        return Reads(rows=((ARRANGEMENT, self.arrangement_id), (DAY, key)))

    def decide(self, seen: Seen) -> Decision:
        """Cut it; one that was cut before is answered as it stands.

        Raises:
            SafeguardingDayNotReady: it is not over, or came before the arrangement.
        """
        draft, arranged = seen.draft, arranged_of(seen, self.arrangement_id)
        reconciliation_id = reconciliation_id_of(self.arrangement_id, self.day)
        row = seen.row(DAY, reconciliation_id)
        if row is not None:
            return Decision(Answer.of(day_of(row)))
        ends_at = first_instant(self.day + _DAY, draft.book.time_zone)
        if not self.day >= arranged.since or draft.at < ends_at:
            raise SafeguardingDayNotReady(
                f"Days from {arranged.since} are reconciled, each once it is over.", field="day"
            )
        begun = schemas.Reconciliation(
            reconciliation_id,
            self.arrangement_id,
            self.day,
            arranged.version,
            ends_at - _MICROSECOND,
            draft.at,
            None,
        )
        rows = [cut_row(seen, begun, self.actor)]
        if self.is_asked:
            rows.append(asked_job(draft, begun))
        return Decision(Answer.of(begun, 201), tuple(rows))


@RiderKinds.register
class FinishSafeguarding(msgspec.Struct, frozen=True):
    """What a day came to.

    Attributes:
        terms: of the version that it was cut by.
        figures: at its cut.
    """

    reconciliation_id: UUID
    arrangement_id: UUID
    terms: schemas.SafeguardingTerms
    figures: schemas.Figures
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The day, the arrangement, and its incidents that are not closed."""
        keys = ((UNCLOSED, unclosed_key(self.arrangement_id, kind)) for kind in KINDS)
        rows = ((DAY, self.reconciliation_id), (ARRANGEMENT, self.arrangement_id), *keys)
        return Reads(rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Keep it, and open, go on with or cover incidents; nothing if that was done before.

        Raises:
            SafeguardingNotFound: the day was not begun.
        """
        row = seen.row(DAY, self.reconciliation_id)
        if row is None:
            raise SafeguardingNotFound("The day was not begun.")
        begun = day_of(row)
        if begun.result is not None:
            return Decision(Answer.of(begun))
        arranged = arranged_of(seen, self.arrangement_id)
        difference = Difference.of(self.figures)
        outcome = difference.outcome(self.terms)
        incidents, rows = _incidents(seen, arranged, begun.day, outcome, difference, self.actor)
        arranged = replace(arranged, incidents=incidents)
        result = schemas.Result(
            outcome,
            str(difference.shortfall),
            str(difference.excess),
            self.figures,
            incidents.get(outcome),
            seen.draft.at,
        )
        done = msgspec.structs.replace(begun, result=result)
        told = event(
            seen.draft.ids.new(),
            "safeguarding_reconciliation.completed",
            f"/v1/safeguarding-reconciliations/{done.id}",
            seen.draft.at,
            {"day": done.day, "outcome": outcome, "shortfall": result.shortfall},
        )
        # Incidents come before the day's row, which refers to one.
        rows = (
            arranged.save(seen),
            *rows,
            result_row(seen, done),
            told,
            day_job(seen.draft, arranged, done.day + _DAY),
        )
        return Decision(Answer.of(done, 201), rows)


def _incidents(
    seen: Seen,
    arranged: Arranged,
    day: date,
    outcome: Outcome,
    difference: Difference,
    actor: str,
) -> tuple[dict[Outcome, UUID], tuple[Row, ...]]:
    """The incidents that are not closed after a day, by kind, and the rows of what changed."""
    incidents, rows = dict(arranged.incidents), list[Row]()
    for kind in KINDS:
        found = unclosed(seen, arranged.id, kind)
        if kind is outcome:
            standing, changed = _still(seen, found, arranged, day, difference, kind, actor)
            incidents[kind] = standing.id
            rows += changed
        elif found is not None and found.covered_on is None and day > found.last_day:
            covered = replace(found, covered_on=day)
            rows += (covered.save(seen), covered.told(seen, "covered"))
    return incidents, tuple(rows)


def _still(
    seen: Seen,
    found: Standing | None,
    arranged: Arranged,
    day: date,
    difference: Difference,
    kind: Outcome,
    actor: str,
) -> tuple[Standing, tuple[Row, ...]]:
    """The incident of a difference that is there: a new one, or the one that it is still."""
    if found is None:
        new = Standing(
            seen.draft.ids.new(), arranged.id, kind, IncidentState.OPEN, 0, day, day,
            difference.amount, None, None,
        )  # fmt: skip
        return new.stepped(seen, IncidentState.OPEN, actor)
    if day <= found.last_day:
        # A day that was left out and is made up for: what is known of later days stands.
        earlier = replace(found, first_day=min(found.first_day, day))
        return earlier, (earlier.save(seen),)
    is_covered = found.covered_on is not None and day < found.covered_on
    later = replace(
        found,
        last_day=day,
        amount=difference.amount,
        covered_on=found.covered_on if is_covered else None,
    )
    return later, (later.save(seen),)


def day_job(draft: Draft, arranged: Arranged, day: date) -> Row:
    """The job of a day: after it is over, at the hour that was agreed on."""
    # The day's end and some hours: where clocks change meanwhile it is an hour more or less.
    ends_at = first_instant(day + _DAY, draft.book.time_zone)
    run_at = ends_at + timedelta(hours=arranged.terms.hour)
    return _job(draft, arranged.id, day, run_at, "day")


def asked_job(draft: Draft, begun: schemas.Reconciliation) -> Row:
    """The job of a day that somebody asked for."""
    return _job(draft, begun.arrangement_id, begun.day, draft.at, "asked")


def _job(draft: Draft, arrangement_id: UUID, day: date, run_at: datetime, why: str) -> Row:
    return RECONCILE.row(
        draft.ids.new(),
        draft.book.tenant_id,
        Reconcile(arrangement_id, day),
        at=draft.at,
        run_at=run_at,
        unique=f"{arrangement_id}/{day}/{why}",
    )
