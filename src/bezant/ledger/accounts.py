"""Opening accounts, and changing their terms."""

import re
from typing import Final

import msgspec
from msgspec import UNSET

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Malformed, Refusal
from bezant.ledger import schemas
from bezant.ledger.chains import carry_out_chains
from bezant.ledger.domain import Account, Bounds, LimitGroup
from bezant.ledger.errors import (
    AccountExists,
    AccountNotEmpty,
    AccountNotFound,
    ImportInFuture,
    LimitGroupMismatch,
    LimitsBroken,
    MaximumExceeded,
    OverdraftExceeded,
    UnknownAsset,
    UnknownLimitGroup,
)
from bezant.ledger.lane import Decision, Draft, Reads, RiderKinds, Seen, record_account
from bezant.ledger.schemas import AccountStatus

REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._@-]{0,127}")


@RiderKinds.register
class OpenAccount(msgspec.Struct, frozen=True):
    """`POST …/accounts`."""

    new: schemas.NewAccount

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """Whether the id is taken, and the account's limit group."""
        return _reads_of(self.new)

    def decide(self, seen: Seen) -> Decision:
        """Open it."""
        return Decision(Answer.of(view(open_account(seen.draft, self.new)), status=201))


@RiderKinds.register
class OpenAccounts(msgspec.Struct, frozen=True):
    """`POST …/account-batches`."""

    new: schemas.NewAccounts

    @property
    def weight(self) -> int:
        """Counts as a posting for each."""
        return len(self.new.accounts)

    def reads(self) -> Reads:
        """Whether the ids are taken, and the accounts' limit groups."""
        return _reads_of(*self.new.accounts)

    def decide(self, seen: Seen) -> Decision:
        """Open what can be opened, chain by chain."""
        results = carry_out_chains(
            seen.draft,
            self.new.accounts,
            lambda item: schemas.AccountResult(201, open_account(seen.draft, item).id),
            _refused,
        )
        return Decision(Answer.of(schemas.AccountResults(results)))


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
        """The account, and the limit group that it is to join."""
        group = self.change.limit_group
        joined = frozenset({group}) if isinstance(group, str) else frozenset()
        return Reads(frozenset({self.id}), limit_groups=joined)

    def decide(self, seen: Seen) -> Decision:
        """Change it."""
        return Decision(Answer.of(view(change_account(seen.draft, self.id, self.change))))


def open_account(draft: Draft, new: schemas.NewAccount) -> Account:
    """Open an account with zero balances.

    Raises:
        AccountExists: the id is taken.
        UnknownAsset: the book does not count in the asset.
        UnknownLimitGroup: the book has no such group.
        LimitGroupMismatch: the group is for another asset or normal direction.
        LimitsContradict: the limits exclude each other.
        LimitsBroken: an empty account would already break them.
        ImportInFuture: it was not opened yet.
    """
    if not REFERENCE.fullmatch(new.id):
        raise Malformed("An account id is 1 to 128 of A-Z a-z 0-9 : . _ @ -", field="id")
    if new.id in draft.book.accounts:
        raise AccountExists(f"Account {new.id} exists.", field="id")
    if new.asset not in draft.book.assets:
        raise UnknownAsset(f"The book has no asset {new.asset}.", field="asset")
    if new.opened_at is not None and new.opened_at > draft.at:
        raise ImportInFuture(f"{new.opened_at} has not come yet.", field="opened_at")
    before = draft.savepoint()
    # The next number of the feed is the account's; its instant is known only with it.
    recorded_at = draft.next_instant
    account = Account(
        no=draft.accounts + 1,
        id=new.id,
        asset=new.asset,
        type=new.type,
        status=AccountStatus.OPEN,
        bounds=Bounds.of(new.limits),
        opened_at=new.opened_at or recorded_at,
        debits_posted=0,
        credits_posted=0,
        debits_pending=0,
        credits_pending=0,
        version=0,
        as_of=recorded_at,
    )
    draft.add(account)
    try:
        if new.limit_group is not None:
            _join(draft, account, new.limit_group)
        _check_bounds(draft, account, account.limit_group)
    except Refusal:
        draft.rollback(before)
        raise
    record_account(draft, account, "opened", new.opened_at)
    return account


def change_account(draft: Draft, account_id: str, change: schemas.AccountChange) -> Account:
    """Freeze, close or open an account, set its limits, or move it to another limit group.

    Raises:
        AccountNotFound: the book has no such account.
        AccountNotEmpty: only an account without balances can be closed.
        LimitsBroken: its balance breaks the new limits, or those of the group.
        UnknownLimitGroup: the book has no such group.
        LimitGroupMismatch: the group is for another asset or normal direction.
    """
    account = draft.book.accounts.get(account_id)
    if account is None:
        raise AccountNotFound(f"The book has no account {account_id!r}.")
    status = account.status if change.status is UNSET else change.status
    bounds = account.bounds if change.limits is UNSET else Bounds.of(change.limits)
    group = account.limit_group if change.limit_group is UNSET else change.limit_group
    if status is AccountStatus.CLOSED and not account.is_empty:
        raise AccountNotEmpty(
            f"Account {account_id} holds {account.posted}.", field="status", posted=account.posted
        )
    if (status, bounds, group) == (account.status, account.bounds, account.limit_group):
        return account
    before = draft.savepoint()
    draft.amend(account)
    account.status, account.bounds, left = status, bounds, account.limit_group
    try:
        if group != account.limit_group:
            _leave(draft, account)
            if group is not None:
                _join(draft, account, group)
        _check_bounds(draft, account, left, group)
    except Refusal:
        draft.rollback(before)
        raise
    record_account(draft, account, "changed")
    return account


def view(account: Account) -> schemas.Account:
    """The wire form."""
    return schemas.Account(
        id=account.id,
        asset=account.asset,
        type=account.type,
        status=account.status,
        limits=account.bounds.limits(),
        limit_group=account.limit_group,
        opened_at=account.opened_at,
    )


def _reads_of(*new: schemas.NewAccount) -> Reads:
    return Reads(
        frozenset(account.id for account in new),
        limit_groups=frozenset(
            account.limit_group for account in new if account.limit_group is not None
        ),
    )


def _refused(item: schemas.BatchAccount, refusal: Refusal) -> schemas.AccountResult:
    return schemas.AccountResult(
        refusal.status, item.id, code=refusal.code, detail=refusal.detail, field=refusal.field
    )


def _join(draft: Draft, account: Account, group_id: str) -> None:
    group = draft.book.limit_groups.get(group_id)
    if group is None:
        raise UnknownLimitGroup(f"The book has no limit group {group_id!r}.", field="limit_group")
    if (account.asset, account.is_debit_normal) != (group.asset, group.is_debit_normal):
        raise LimitGroupMismatch(
            f"Limit group {group_id} is for {group.asset} and accounts such as {group.type}.",
            field="limit_group",
        )
    account.limit_group = group_id
    _change_sums(draft, group, account, 1)


def _leave(draft: Draft, account: Account) -> None:
    if account.limit_group is not None:
        _change_sums(draft, draft.book.limit_groups[account.limit_group], account, -1)
        account.limit_group = None


def _change_sums(draft: Draft, group: LimitGroup, account: Account, sign: int) -> None:
    draft.amend_group(group)
    group.debits_posted += sign * account.debits_posted
    group.credits_posted += sign * account.credits_posted
    group.debits_pending += sign * account.debits_pending
    group.credits_pending += sign * account.credits_pending


def _check_bounds(draft: Draft, account: Account, *groups: str | None) -> None:
    try:
        account.check_limits()
        for group in groups:
            if group is not None:
                draft.book.limit_groups[group].check_limits()
    except (OverdraftExceeded, MaximumExceeded) as broken:
        raise LimitsBroken(broken.detail, field="limits") from None
