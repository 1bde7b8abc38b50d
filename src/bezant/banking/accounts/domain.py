"""What an account is, and what it lets happen. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.banking.accounts.errors import (
    AccountBlocked,
    AccountNotActive,
    AssetNotHeld,
    StatusNotAllowed,
)


class AccountStatus(StrEnum):
    """Where an account stands in its life."""

    OPENING = "opening"
    ACTIVE = "active"
    BLOCKED = "blocked"
    DORMANT = "dormant"
    CLOSED = "closed"


LEGAL: Final[Mapping[AccountStatus | None, frozenset[AccountStatus]]] = {
    None: frozenset({AccountStatus.OPENING, AccountStatus.ACTIVE}),
    AccountStatus.OPENING: frozenset({AccountStatus.ACTIVE, AccountStatus.CLOSED}),
    AccountStatus.ACTIVE: frozenset(
        {AccountStatus.BLOCKED, AccountStatus.DORMANT, AccountStatus.CLOSED}
    ),
    AccountStatus.BLOCKED: frozenset({AccountStatus.ACTIVE, AccountStatus.DORMANT}),
    AccountStatus.DORMANT: frozenset(
        {AccountStatus.ACTIVE, AccountStatus.BLOCKED, AccountStatus.CLOSED}
    ),
    AccountStatus.CLOSED: frozenset(),
}
"""What may follow; None stands before the first. The database holds the same table."""


class BlockKind(StrEnum):
    """On whose account something is blocked."""

    LEGAL = "legal"
    FRAUD = "fraud"
    CUSTOMER = "customer"


class Direction(StrEnum):
    """What a block stops."""

    DEBIT = "debit"
    CREDIT = "credit"
    BOTH = "both"


class Block(Struct, frozen=True):
    """What is stopped on an account until it is lifted or over.

    Attributes:
        asset: what it is about; None for all that the account holds.
        amount: minor units that must remain; None stops everything.
    """

    id: UUID
    kind: BlockKind
    direction: Direction
    asset: str | None = None
    amount: str | None = None
    expires_at: datetime | None = None

    def stops(self, direction: Direction, asset: str, at: datetime) -> bool:
        """Whether it has a say in a movement of an asset."""
        return (
            self.direction in {direction, Direction.BOTH}
            and self.asset in {None, asset}
            and (self.expires_at is None or self.expires_at > at)
        )


_BLOCKS: Final = msgspec.json.Decoder(list[Block])


@dataclass(frozen=True, slots=True)
class AccountPlace:
    """What of an account never changes, so that whoever has seen it may remember it.

    Attributes:
        book_id: in whose lane its money moves.
    """

    id: UUID
    institution_id: UUID
    book_id: UUID
    number_sealed: bytes


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account as the commit that looks at it finds it."""

    id: UUID
    institution_id: UUID
    book_id: UUID
    product_id: UUID
    product_version: int
    status: AccountStatus
    assets: tuple[str, ...]
    blocks: tuple[Block, ...]
    number_fingerprint: bytes
    number_sealed: bytes
    opened_at: datetime
    closed_at: datetime | None
    row_version: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "BankAccount":
        """An account from its row, or as an item of the same batch has made it."""
        if "standing" in row:
            standing: BankAccount = row["standing"]
            return standing
        return cls(
            id=row["key"],
            institution_id=row["institution_id"],
            book_id=row["ledger_book"],
            product_id=row["product_id"],
            product_version=row["product_version"],
            status=AccountStatus(row["status"]),
            assets=tuple(row["assets"] or ()),
            blocks=tuple(_BLOCKS.decode(row["blocks"] or "[]")),
            number_fingerprint=row["number_fingerprint"],
            number_sealed=row["number_sealed"],
            opened_at=row["opened_at"],
            closed_at=row["closed_at"],
            row_version=row["row_version"],
        )

    @property
    def place(self) -> AccountPlace:
        """What never changes of it."""
        return AccountPlace(self.id, self.institution_id, self.book_id, self.number_sealed)

    def row(self) -> Mapping[str, Any]:
        """What `of` reads, for the items after the one that changed it."""
        return {"key": self.id, "ledger_book": self.book_id, "standing": self}

    def is_blocked(self, at: datetime) -> bool:
        """Whether any block stands."""
        return any(each.expires_at is None or each.expires_at > at for each in self.blocks)

    def blocked(self, asset: str, at: datetime) -> int | None:
        """How much of an asset must remain; None where nothing may leave at all."""
        blocks = [each for each in self.blocks if each.stops(Direction.DEBIT, asset, at)]
        if any(each.amount is None for each in blocks):
            return None
        return sum(int(each.amount) for each in blocks if each.amount is not None)


def ledger_account(account_id: UUID, asset: str) -> str:
    """The ledger's account behind an asset of an account: a liability of the institution."""
    return f"accounts:{account_id}:{asset}"


def account_behind(name: str) -> UUID | None:
    """The account that a ledger's account is behind; None where it is behind none."""
    match name.split(":"):
        case ["accounts", account_id, _]:
            try:
                return UUID(account_id)
            except ValueError:
                return None
        case _:
            return None


def check_status(before: AccountStatus | None, after: AccountStatus) -> None:
    """Refuse a status that cannot follow.

    Raises:
        StatusNotAllowed: see there.
    """
    if after not in LEGAL[before]:
        raise StatusNotAllowed(f"An account that is {before} does not become {after}.")


def check_can_pay(
    account: BankAccount, asset: str, amount: int, available: int, at: datetime
) -> None:
    """Refuse a payment that the account must not make.

    Args:
        account: the payer's.
        asset: of the amount.
        amount: minor units.
        available: what is on the account before it, less what is reserved; minor units. An
            overdraft line is not counted: it is the bank's money, which stands in for no block.
        at: the batch's instant.

    Raises:
        AccountNotActive: or dormant, blocked, closed.
        AssetNotHeld: see there.
        AccountBlocked: nothing may leave, or what is blocked would not remain.
    """
    if account.status is not AccountStatus.ACTIVE:
        raise AccountNotActive(f"Account {account.id} is {account.status}.")
    _check_held(account, asset)
    blocked = account.blocked(asset, at)
    if blocked is None:
        raise AccountBlocked(f"Nothing may leave account {account.id}.")
    if blocked and available - amount < blocked:
        raise AccountBlocked(
            f"{blocked} must remain on account {account.id}.", available=available, blocked=blocked
        )


def check_can_receive(account: BankAccount, asset: str, at: datetime) -> None:
    """Refuse a payment that the account must not take.

    Raises:
        AccountNotActive: not open yet, blocked or closed. A dormant account takes payments.
        AssetNotHeld: see there.
        AccountBlocked: nothing may arrive.
    """
    if account.status not in {AccountStatus.ACTIVE, AccountStatus.DORMANT}:
        raise AccountNotActive(f"Account {account.id} is {account.status}.")
    _check_held(account, asset)
    if any(each.stops(Direction.CREDIT, asset, at) for each in account.blocks):
        raise AccountBlocked(f"Nothing may arrive on account {account.id}.")


def _check_held(account: BankAccount, asset: str) -> None:
    if asset not in account.assets:
        raise AssetNotHeld(f"Account {account.id} does not hold {asset}.", field="asset")


def without(blocks: Sequence[Block], block_id: UUID) -> tuple[Block, ...]:
    """All blocks but one."""
    return tuple(each for each in blocks if each.id != block_id)
