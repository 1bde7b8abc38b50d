"""What happens to accounts in the lane of their book: one commit with the ledger's accounts."""

from dataclasses import replace
from uuid import UUID

import msgspec

from bezant.banking.accounts import records
from bezant.banking.accounts.domain import (
    AccountStatus,
    BankAccount,
    Block,
    Direction,
    ledger_account,
    without,
)
from bezant.banking.accounts.errors import (
    AccountChanged,
    AssetHeld,
    AssetNotHeld,
    BlockContradicts,
    BlockNotFound,
    BlocksStand,
    HolderNeeded,
    InterestAccrued,
    NumbersTaken,
    StatusNotAllowed,
)
from bezant.banking.accounts.records import BANK_ACCOUNT, NUMBER, account_of
from bezant.banking.accounts.schemas import Account, AccountBlock, NewBlock
from bezant.banking.interest.records import STANDING, standing_key
from bezant.banking.parties import HOLDER_KINDS
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.ledger import Decision, Draft, Reads, RiderKinds, Seen, change_account, open_account
from bezant.ledger.schemas import (
    AccountChange,
    AccountType,
    Limits,
    NewAccount,
)
from bezant.ledger.schemas import AccountStatus as LedgerStatus


class Number(msgspec.Struct, frozen=True):
    """A number that was drawn for an account."""

    fingerprint: bytes
    sealed: bytes


@RiderKinds.register
class OpenBankAccount(msgspec.Struct, frozen=True):
    """`POST /v1/accounts`: the account, its ledger accounts and its number.

    Attributes:
        overdrafts: minor units by asset, as the product's terms have them.
        numbers: drawn for it; the first that is free becomes its own.
    """

    id: UUID
    institution_id: UUID
    product_id: UUID
    product_version: int
    overdrafts: dict[str, str]
    numbers: list[Number]
    status: AccountStatus
    actor: str

    @property
    def weight(self) -> int:
        """Counts as a posting for each asset."""
        return len(self.overdrafts)

    def reads(self) -> Reads:
        """Whether its ledger accounts are there, and which numbers are taken."""
        accounts = frozenset(ledger_account(self.id, asset) for asset in self.overdrafts)
        return Reads(accounts, rows=tuple((NUMBER, each.fingerprint) for each in self.numbers))

    def decide(self, seen: Seen) -> Decision:
        """Open it.

        Raises:
            NumbersTaken: all that were drawn.
            UnknownAsset: the book does not count in an asset of the product.
        """
        draft = seen.draft
        number = self._free(seen)
        seen.amend(NUMBER, number.fingerprint, {"key": number.fingerprint})
        for asset, overdraft in self.overdrafts.items():
            _open(draft, self.id, asset, overdraft)
        account = BankAccount(
            self.id, self.institution_id, draft.book.book_id, self.product_id,
            self.product_version, self.status, tuple(sorted(self.overdrafts)), (),
            number.fingerprint, number.sealed, draft.at, None, 1,
        )  # fmt: skip
        return Decision(Answer.of(view(account), 201), records.opened(seen, account, self.actor))

    def _free(self, seen: Seen) -> Number:
        for number in self.numbers:
            if seen.row(NUMBER, number.fingerprint) is None:
                return number
        raise NumbersTaken("All numbers that were drawn are taken; ask under a new key.")


@RiderKinds.register
class AddAsset(msgspec.Struct, frozen=True):
    """`POST /v1/accounts/{account}/assets`.

    Attributes:
        product_version: that offers the asset, with this overdraft.
    """

    id: UUID
    product_version: int
    asset: str
    overdraft: str
    weight: int = 1

    def reads(self) -> Reads:
        """The account."""
        accounts = frozenset({ledger_account(self.id, self.asset)})
        return Reads(accounts, rows=((BANK_ACCOUNT, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """Have it hold the asset too.

        Raises:
            AssetHeld: it does.
            StatusNotAllowed: it is closed.
            AccountChanged: it is under other terms than when it was looked at.
            UnknownAsset: the book does not count in it.
        """
        account = account_of(seen, self.id)
        if account.status is AccountStatus.CLOSED:
            raise StatusNotAllowed("A closed account holds nothing.")
        if account.product_version != self.product_version:
            raise AccountChanged(f"Account {self.id} has changed; ask again under a new key.")
        if self.asset in account.assets:
            raise AssetHeld(f"Account {self.id} holds {self.asset}.", field="asset")
        _open(seen.draft, self.id, self.asset, self.overdraft)
        after = replace(
            account,
            assets=tuple(sorted((*account.assets, self.asset))),
            row_version=account.row_version + 1,
        )
        at = seen.draft.at
        rows = (
            records.save(seen, after),
            records.asset_row(self.id, self.asset, at),
            records.told(
                seen.draft.ids, "bank_account.asset_added", self.id, at, {"asset": self.asset}
            ),
        )
        return Decision(Answer.of(view(after), 201), rows)


@RiderKinds.register
class ChangeStatus(msgspec.Struct, frozen=True):
    """`POST /v1/accounts/{account}/status`."""

    id: UUID
    assets: list[str]
    status: AccountStatus
    reason: str
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The account, its ledger accounts, who holds it, and whether interest has accrued."""
        accounts = frozenset(ledger_account(self.id, asset) for asset in self.assets)
        accrued = ((STANDING, standing_key(self.id, asset)) for asset in self.assets)
        held = (HOLDER_KINDS, self.id)
        return Reads(accounts, rows=((BANK_ACCOUNT, self.id), held, *accrued))

    def decide(self, seen: Seen) -> Decision:
        """Change it; a closed account's ledger accounts are closed with it.

        Raises:
            StatusNotAllowed: it cannot follow.
            HolderNeeded: it is not opened for anybody.
            BlocksStand: it cannot be closed.
            InterestAccrued: it cannot be closed like that.
            AccountNotEmpty: something is held or reserved, so that it cannot be closed.
            AccountChanged: it holds other assets than when it was looked at.
        """
        before = account_of(seen, self.id)
        if set(before.assets) != set(self.assets):
            raise AccountChanged(f"Account {self.id} has changed.")
        if self.status is AccountStatus.CLOSED and before.is_blocked(seen.draft.at):
            raise BlocksStand(f"Something is blocked on account {self.id}.")
        if self.status is AccountStatus.CLOSED and self._has_accrued(seen):
            raise InterestAccrued(f"Account {self.id} has accrued interest.")
        is_opened = (before.status, self.status) == (AccountStatus.OPENING, AccountStatus.ACTIVE)
        if is_opened and seen.row(HOLDER_KINDS, self.id) is None:
            raise HolderNeeded(f"Nobody holds account {self.id}.")
        after, rows = records.became(seen, before, self.status, self.reason, self.actor)
        if self.status is AccountStatus.CLOSED:
            for asset in after.assets:
                closing = AccountChange(status=LedgerStatus.CLOSED)
                change_account(seen.draft, ledger_account(self.id, asset), closing)
        return Decision(Answer.of(view(after)), rows)

    def _has_accrued(self, seen: Seen) -> bool:
        return any(
            seen.row(STANDING, standing_key(self.id, asset)) is not None for asset in self.assets
        )


@RiderKinds.register
class SetOverdraft(msgspec.Struct, frozen=True):
    """`PUT /v1/accounts/{account}/overdraft`."""

    id: UUID
    asset: str
    amount: str
    reason: str
    weight: int = 1

    def reads(self) -> Reads:
        """The account and its ledger account."""
        accounts = frozenset({ledger_account(self.id, self.asset)})
        return Reads(accounts, rows=((BANK_ACCOUNT, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """Set the line.

        Raises:
            AssetNotHeld: see there.
            LimitsBroken: it is used already beyond the new line.
        """
        account = account_of(seen, self.id)
        if self.asset not in account.assets:
            raise AssetNotHeld(f"Account {self.id} does not hold {self.asset}.", field="asset")
        name = ledger_account(self.id, self.asset)
        limits = seen.draft.book.accounts[name].bounds.limits()
        limits = msgspec.structs.replace(limits, overdraft=self.amount)
        change_account(seen.draft, name, AccountChange(limits=limits))
        facts = {"asset": self.asset, "amount": self.amount, "reason": self.reason}
        told = records.told(
            seen.draft.ids, "bank_account.overdraft_set", self.id, seen.draft.at, facts
        )
        return Decision(Answer.of(view(account)), (told,))


@RiderKinds.register
class MoveToVersion(msgspec.Struct, frozen=True):
    """`POST /v1/accounts/{account}/product-version`.

    Attributes:
        before: the version that it was under when it was looked at.
        lines: of its assets, as that version has them; minor units.
        lines_after: as the new version has them.
    """

    id: UUID
    before: int
    version: int
    lines: dict[str, str]
    lines_after: dict[str, str]

    @property
    def weight(self) -> int:
        """Counts as a posting for each asset."""
        return len(self.lines)

    def reads(self) -> Reads:
        """The account and its ledger accounts."""
        accounts = frozenset(ledger_account(self.id, asset) for asset in self.lines)
        return Reads(accounts, rows=((BANK_ACCOUNT, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """Put it under other terms of its product.

        Raises:
            StatusNotAllowed: it is closed.
            AccountChanged: it has other terms or assets than when it was looked at.
            LimitsBroken: a line is used beyond what the new version has.
        """
        account = account_of(seen, self.id)
        if account.status is AccountStatus.CLOSED:
            raise StatusNotAllowed("A closed account stays as it is.")
        if account.product_version != self.before or set(account.assets) != self.lines.keys():
            raise AccountChanged(f"Account {self.id} has changed; ask again under a new key.")
        after = replace(account, product_version=self.version, row_version=account.row_version + 1)
        facts = {"version": str(self.version)}
        told = records.told(seen.draft.ids, "bank_account.moved", self.id, seen.draft.at, facts)
        lines = [row for asset in account.assets for row in self._set_line(seen, asset)]
        return Decision(Answer.of(view(after)), (records.save(seen, after), *lines, told))

    def _set_line(self, seen: Seen, asset: str) -> tuple[Row, ...]:
        """Set an asset's line as the new version has it; the row that tells of it, if it is new."""
        name, amount = ledger_account(self.id, asset), self.lines_after[asset]
        limits = seen.draft.book.accounts[name].bounds.limits()
        # A line that is not as the product had it was agreed for the account, and stays.
        if limits.overdraft != self.lines[asset] or limits.overdraft == amount:
            return ()
        limits = msgspec.structs.replace(limits, overdraft=amount)
        change_account(seen.draft, name, AccountChange(limits=limits))
        facts = {"asset": asset, "amount": amount, "reason": "moved"}
        at = seen.draft.at
        return (records.told(seen.draft.ids, "bank_account.overdraft_set", self.id, at, facts),)


@RiderKinds.register
class PlaceBlock(msgspec.Struct, frozen=True):
    """`POST /v1/accounts/{account}/blocks`. What is decided after it in the batch is stopped."""

    id: UUID
    block_id: UUID
    new: NewBlock
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The account."""
        return Reads(rows=((BANK_ACCOUNT, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """Place it.

        Raises:
            BlockContradicts: an amount without an asset, or of credits.
            AssetNotHeld: see there.
        """
        account, new, at = account_of(seen, self.id), self.new, seen.draft.at
        if new.amount is not None and (new.asset is None or new.direction is not Direction.DEBIT):
            raise BlockContradicts("An amount is of one asset, and of debits.", field="amount")
        if new.asset is not None and new.asset not in account.assets:
            raise AssetNotHeld(f"Account {self.id} does not hold {new.asset}.", field="asset")
        block = Block(self.block_id, new.kind, new.direction, new.asset, new.amount, new.expires_at)
        after = replace(
            account, blocks=(*account.blocks, block), row_version=account.row_version + 1
        )
        placed = AccountBlock(
            block.id, block.kind, block.direction, block.asset, block.amount, new.reason, at,
            self.actor, block.expires_at,
        )  # fmt: skip
        rows = (
            records.save(seen, after),
            records.block_row(self.id, block, new.reason, at, self.actor),
            records.told(
                seen.draft.ids, "bank_account.block_placed", self.id, at,
                {"block": str(block.id), "kind": block.kind},
            ),
        )  # fmt: skip
        return Decision(Answer.of(placed, 201), rows)


@RiderKinds.register
class LiftBlock(msgspec.Struct, frozen=True):
    """`POST /v1/accounts/{account}/blocks/{block}/lift`."""

    id: UUID
    block_id: UUID
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The account."""
        return Reads(rows=((BANK_ACCOUNT, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """Lift it.

        Raises:
            BlockNotFound: there is none, or it was lifted.
        """
        account, at = account_of(seen, self.id), seen.draft.at
        remaining = without(account.blocks, self.block_id)
        if len(remaining) == len(account.blocks):
            raise BlockNotFound("The account has no such block.")
        after = replace(account, blocks=remaining, row_version=account.row_version + 1)
        rows = (
            records.save(seen, after),
            records.lifting_row(self.id, self.block_id, at, self.actor),
            records.told(
                seen.draft.ids, "bank_account.block_lifted", self.id, at,
                {"block": str(self.block_id)},
            ),
        )  # fmt: skip
        return Decision(Answer.of(view(after)), rows)


def view(account: BankAccount) -> Account:
    """The wire form."""
    return Account(
        id=account.id,
        institution_id=account.institution_id,
        book_id=account.book_id,
        product_id=account.product_id,
        product_version=account.product_version,
        status=account.status,
        ledger_accounts={asset: ledger_account(account.id, asset) for asset in account.assets},
        opened_at=account.opened_at,
        closed_at=account.closed_at,
        row_version=account.row_version,
    )


def _open(draft: Draft, account_id: UUID, asset: str, overdraft: str) -> None:
    new = NewAccount(
        ledger_account(account_id, asset),
        asset,
        AccountType.LIABILITY,
        Limits(overdraft=overdraft),
    )
    open_account(draft, new)
