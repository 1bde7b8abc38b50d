"""Limit groups: a joint limit over several accounts of a book."""

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Malformed
from bezant.ledger import schemas
from bezant.ledger.accounts import REFERENCE
from bezant.ledger.domain import Bounds, LimitGroup
from bezant.ledger.errors import (
    LimitGroupExists,
    LimitGroupNotFound,
    LimitsBroken,
    MaximumExceeded,
    OverdraftExceeded,
    UnknownAsset,
)
from bezant.ledger.lane import Decision, Draft, Reads, RiderKinds, Seen, record_limit_group


@RiderKinds.register
class OpenLimitGroup(msgspec.Struct, frozen=True):
    """`POST …/limit-groups`."""

    new: schemas.NewLimitGroup

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """Whether the id is taken."""
        return Reads(limit_groups=frozenset({self.new.id}))

    def decide(self, seen: Seen) -> Decision:
        """Open it."""
        return Decision(Answer.of(view(open_limit_group(seen.draft, self.new)), status=201))


@RiderKinds.register
class ChangeLimitGroup(msgspec.Struct, frozen=True):
    """`PATCH …/limit-groups/{id}`."""

    id: str
    change: schemas.LimitGroupChange

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """The group."""
        return Reads(limit_groups=frozenset({self.id}))

    def decide(self, seen: Seen) -> Decision:
        """Change it."""
        changed = change_limit_group(seen.draft, self.id, self.change)
        return Decision(Answer.of(view(changed)))


def open_limit_group(draft: Draft, new: schemas.NewLimitGroup) -> LimitGroup:
    """Open a limit group without accounts.

    Raises:
        LimitGroupExists: the id is taken.
        UnknownAsset: the book does not count in the asset.
        LimitsContradict: the limits exclude each other.
        LimitsBroken: an empty group would already break them.
    """
    if not REFERENCE.fullmatch(new.id):
        raise Malformed("A limit group's id is 1 to 128 of A-Z a-z 0-9 : . _ @ -", field="id")
    if new.id in draft.book.limit_groups:
        raise LimitGroupExists(f"Limit group {new.id} exists.", field="id")
    if new.asset not in draft.book.assets:
        raise UnknownAsset(f"The book has no asset {new.asset}.", field="asset")
    opened_at = draft.next_instant
    group = LimitGroup(
        id=new.id,
        asset=new.asset,
        type=new.type,
        bounds=Bounds.of(new.limits),
        opened_at=opened_at,
        debits_posted=0,
        credits_posted=0,
        debits_pending=0,
        credits_pending=0,
        version=0,
        as_of=opened_at,
    )
    _check_bounds(group)
    draft.add_group(group)
    record_limit_group(draft, group, "opened")
    return group


def change_limit_group(draft: Draft, group_id: str, change: schemas.LimitGroupChange) -> LimitGroup:
    """Set a limit group's limits.

    Raises:
        LimitGroupNotFound: the book has no such group.
        LimitsContradict: the limits exclude each other.
        LimitsBroken: the sum of its balances breaks the new limits.
    """
    group = draft.book.limit_groups.get(group_id)
    if group is None:
        raise LimitGroupNotFound(f"The book has no limit group {group_id!r}.")
    bounds = Bounds.of(change.limits)
    if bounds != group.bounds:
        draft.amend_group(group)
        group.bounds = bounds
        _check_bounds(group)
        record_limit_group(draft, group, "changed")
    return group


def view(group: LimitGroup) -> schemas.LimitGroup:
    """The wire form."""
    return schemas.LimitGroup(
        id=group.id,
        asset=group.asset,
        type=group.type,
        limits=group.bounds.limits(),
        posted=str(group.posted),
        pending_debits=str(group.debits_pending),
        pending_credits=str(group.credits_pending),
        available=str(group.available),
        opened_at=group.opened_at,
    )


def _check_bounds(group: LimitGroup) -> None:
    try:
        group.check_limits()
    except (OverdraftExceeded, MaximumExceeded) as broken:
        raise LimitsBroken(broken.detail, field="limits") from None
