"""Settling a hold by itself: capture, void, void of a whole group."""

from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.ledger import schemas
from bezant.ledger.domain import Hold
from bezant.ledger.errors import HoldNotFound, TooManyPostings
from bezant.ledger.kept import check_not_kept
from bezant.ledger.lane import Decision, Draft, Posted, Reads, RiderKinds, Seen
from bezant.ledger.posting import post


@RiderKinds.register
class CaptureHold(msgspec.Struct, frozen=True):
    """`POST …/holds/{id}/capture`."""

    id: UUID
    asked: schemas.CaptureOfHold

    @property
    def weight(self) -> int:
        """What a capture leaves is given back by a leg of its own."""
        return 2

    def reads(self) -> Reads:
        """The hold."""
        return Reads(holds=frozenset({self.id}))

    def decide(self, seen: Seen) -> Decision:
        """Capture it."""
        hold = _find(seen.draft, self.id)
        capture = schemas.Capture(self.id, self.asked.amount, self.asked.release)
        posted = post_on_hold(seen.draft, schemas.NewTransaction(captures=[capture]))
        return Decision(Answer.of(_settled(hold, posted, [])))


@RiderKinds.register
class VoidHold(msgspec.Struct, frozen=True):
    """`POST …/holds/{id}/void`."""

    id: UUID
    asked: schemas.VoidOfHold

    @property
    def weight(self) -> int:
        """Counts as one posting; how large the group is shows later."""
        return 1

    def reads(self) -> Reads:
        """The hold, or its whole group."""
        ids = frozenset({self.id})
        return Reads(hold_groups_of=ids) if self.asked.group else Reads(holds=ids)

    def decide(self, seen: Seen) -> Decision:
        """Void it. One that is settled already does not keep the rest of its group."""
        hold = _find(seen.draft, self.id)
        ids = [self.id]
        if self.asked.group:
            ids = _open_in_group(seen.draft, hold) or ids
        posted = post_on_hold(seen.draft, schemas.NewTransaction(voids=ids))
        return Decision(Answer.of(_settled(hold, posted, ids)))


def post_on_hold(draft: Draft, new: schemas.NewTransaction) -> Posted:
    """Post a transaction that only settles holds; a refusal names the route's own fields."""
    try:
        check_not_kept(draft, new)
        return post(draft, new)
    except Refusal as refusal:
        if refusal.field is not None:
            _, _, name = refusal.field.partition(".")
            refusal.field = None if name in {"", "hold"} else name
        raise


def view(hold: Hold) -> schemas.Hold:
    """The wire form."""
    return schemas.Hold(
        id=hold.id,
        group=hold.group_id,
        transaction_id=hold.transaction_id,
        state=hold.state,
        debit=hold.debit,
        credit=hold.credit,
        amount=str(hold.amount),
        captured=str(hold.captured),
        remaining=str(hold.remaining),
        code=hold.code,
        closes=hold.closes,
        expires_at=hold.expires_at,
    )


def _find(draft: Draft, hold_id: UUID) -> Hold:
    hold = draft.book.holds.get(hold_id)
    if hold is None:
        raise HoldNotFound(f"The book has no hold {hold_id}.")
    return hold


def _open_in_group(draft: Draft, hold: Hold) -> list[UUID]:
    book = draft.book
    members = sorted(
        (book.holds[member] for member in book.hold_groups[hold.group_id]),
        key=lambda member: (member.seq, member.id),
    )
    ids = [member.id for member in members if member.state is schemas.HoldState.OPEN]
    if len(ids) > schemas.POSTINGS_MAX:
        raise TooManyPostings(
            f"The group has {len(ids)} open holds; at most {schemas.POSTINGS_MAX}."
        )
    return ids


def _settled(hold: Hold, posted: Posted, voided: list[UUID]) -> schemas.SettledHold:
    return schemas.SettledHold(view(hold), posted.view(), voided)
