"""Opening accounts, and changing their terms."""

import re
from typing import Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Malformed
from bezant.ledger import schemas
from bezant.ledger.domain import Account, Bounds
from bezant.ledger.errors import (
    AccountExists,
    AccountNotEmpty,
    AccountNotFound,
    LimitsBroken,
    MaximumExceeded,
    OverdraftExceeded,
    UnknownAsset,
)
from bezant.ledger.lane import AccountEvent, Decision, Draft, Reads, RiderKinds, Seen
from bezant.ledger.proof import AccountLeaf
from bezant.ledger.schemas import AccountStatus

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._@-]{0,127}")


@RiderKinds.register
class OpenAccount(msgspec.Struct, frozen=True):
    """`POST …/accounts`."""

    new: schemas.NewAccount

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """Whether the id is taken."""
        return Reads(frozenset({self.new.id}))

    def decide(self, seen: Seen) -> Decision:
        """Open it."""
        return Decision(Answer.of(view(open_account(seen.draft, self.new)), status=201))


@RiderKinds.register
class ChangeAccount(msgspec.Struct, frozen=True):
    """`PATCH …/accounts/{id}`."""

    id: str
    change: schemas.AccountChange

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """The account."""
        return Reads(frozenset({self.id}))

    def decide(self, seen: Seen) -> Decision:
        """Change it."""
        return Decision(Answer.of(view(change_account(seen.draft, self.id, self.change))))


def open_account(draft: Draft, new: schemas.NewAccount) -> Account:
    """Open an account with zero balances.

    Raises:
        AccountExists: the id is taken.
        UnknownAsset: the book does not count in the asset.
        LimitsContradict: the limits exclude each other.
        LimitsBroken: an empty account would already break them.
    """
    if not _ID.fullmatch(new.id):
        raise Malformed("An account id is 1 to 128 of A-Z a-z 0-9 : . _ @ -", field="id")
    if new.id in draft.book.accounts:
        raise AccountExists(f"Account {new.id} exists.", field="id")
    if new.asset not in draft.book.assets:
        raise UnknownAsset(f"The book has no asset {new.asset}.", field="asset")
    bounds = Bounds.of(new.limits)
    seq, at = draft.advance()
    account = Account(
        no=draft.accounts + 1,
        id=new.id,
        asset=new.asset,
        type=new.type,
        status=AccountStatus.OPEN,
        bounds=bounds,
        opened_at=at,
        debits_posted=0,
        credits_posted=0,
        debits_pending=0,
        credits_pending=0,
        version=0,
        as_of=at,
    )
    _check_bounds(account)
    draft.add(account)
    _record(draft, account, seq, "opened")
    return account


def change_account(draft: Draft, account_id: str, change: schemas.AccountChange) -> Account:
    """Freeze, close or open an account, or set its limits.

    Raises:
        AccountNotFound: the book has no such account.
        AccountNotEmpty: only an account without balances can be closed.
        LimitsBroken: its balance breaks the new limits.
    """
    account = draft.book.accounts.get(account_id)
    if account is None:
        raise AccountNotFound(f"The book has no account {account_id!r}.")
    status = account.status if change.status is UNSET else change.status
    bounds = account.bounds if change.limits is UNSET else Bounds.of(change.limits)
    if status is AccountStatus.CLOSED and not account.is_empty:
        raise AccountNotEmpty(
            f"Account {account_id} holds {account.posted}.", field="status", posted=account.posted
        )
    if (status, bounds) == (account.status, account.bounds):
        return account
    draft.amend(account)
    account.status, account.bounds = status, bounds
    _check_bounds(account)
    seq, _ = draft.advance()
    _record(draft, account, seq, "changed")
    return account


def view(account: Account) -> schemas.Account:
    """The wire form."""
    return schemas.Account(
        id=account.id,
        asset=account.asset,
        type=account.type,
        status=account.status,
        limits=account.bounds.limits(),
        opened_at=account.opened_at,
    )


def _check_bounds(account: Account) -> None:
    try:
        account.check_limits()
    except (OverdraftExceeded, MaximumExceeded) as broken:
        raise LimitsBroken(broken.detail, field="limits") from None


def _record(draft: Draft, account: Account, seq: int, kind: str) -> None:
    event = AccountEvent(
        seq,
        kind,
        account.no,
        account.id,
        account.asset,
        account.type,
        account.status,
        account.bounds,
        draft.instant,
    )
    draft.events.append(event)
    draft.leaves.append(leaf_of(draft.book.book_id, event).encode())


def leaf_of(book_id: UUID, event: AccountEvent) -> AccountLeaf:
    """What the log commits to for an account's event."""
    limits = event.bounds.limits()
    return AccountLeaf(
        account=event.account_id,
        asset=event.asset,
        book=book_id,
        kind=f"account.{event.kind}",
        maximum=limits.maximum,
        minimum=limits.minimum,
        no=str(event.account_no),
        overdraft=limits.overdraft,
        recorded_at=event.recorded_at,
        seq=str(event.seq),
        status=event.status,
        type=event.type,
    )
