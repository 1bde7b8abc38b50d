"""Accounts as rows of a commit."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bezant.banking.accounts import store
from bezant.banking.accounts.domain import (
    AccountStatus,
    BankAccount,
    Block,
    check_status,
    ledger_account,
)
from bezant.banking.accounts.errors import BankAccountNotFound
from bezant.kernel.database import Row, RowKind
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event
from bezant.ledger import ReadKind, Seen

BANK_ACCOUNT: Final = ReadKind("bank_account", store.READ_ACCOUNTS)
"""An account with its assets and blocks, by its identifier."""

ACCOUNT_PRODUCT: Final = ReadKind("bank_account_product", store.READ_PRODUCTS)
"""Only its status and the version of its product, for `product_of`."""

ACCOUNT_TERMS: Final = ReadKind("bank_account_terms", store.READ_TERMS)
"""The terms that an account is under, as they are stored, by its identifier."""

NUMBER: Final = ReadKind("bank_account_number", store.READ_NUMBERS)
"""Whether a number is taken, by its fingerprint."""

_ACCOUNT: Final = RowKind("bank_account", store.SAVE, key_columns=1)
_CHANGE: Final = RowKind("bank_account_change", store.INSERT_CHANGES)
_ASSET: Final = RowKind("bank_account_asset", store.INSERT_ASSETS)
_BLOCK: Final = RowKind("account_block", store.INSERT_BLOCKS)
_LIFTING: Final = RowKind("account_block lifted", store.LIFT_BLOCKS)


def account_of(seen: Seen, account_id: UUID) -> BankAccount:
    """An account as the items before have left it.

    Raises:
        BankAccountNotFound: the tenant has no such, or it is of another book.
    """
    row = seen.row(BANK_ACCOUNT, account_id)
    if row is None or row["ledger_book"] != seen.draft.book.book_id:
        raise BankAccountNotFound("There is no such account.")
    return BankAccount.of(row)


def product_of(seen: Seen, account_id: UUID) -> tuple[AccountStatus, int]:
    """An account's status and the version of its product, as the items before have left them.

    The rider reads `BANK_ACCOUNT` or, since that is less, `ACCOUNT_PRODUCT`.

    Raises:
        BankAccountNotFound: the tenant has no such, or it is of another book.
    """
    # Who changes an account amends the whole of it.
    row = seen.row(BANK_ACCOUNT, account_id) or seen.row(ACCOUNT_PRODUCT, account_id)
    if row is None or row["ledger_book"] != seen.draft.book.book_id:
        raise BankAccountNotFound("There is no such account.")
    if "standing" in row:
        standing: BankAccount = row["standing"]
        return standing.status, standing.product_version
    return AccountStatus(row["status"]), row["product_version"]


def available_on(seen: Seen, account_id: UUID, asset: str) -> int:
    """What is on an account, less what is reserved; minor units, and below zero if overdrawn."""
    return seen.draft.book.accounts[ledger_account(account_id, asset)].available


def save(seen: Seen, account: BankAccount) -> Row:
    """The account's row, which the items after this one see."""
    seen.amend(BANK_ACCOUNT, account.id, account.row())
    values = (
        account.id,
        account.institution_id,
        account.book_id,
        account.product_id,
        account.product_version,
        account.status,
        account.number_fingerprint,
        account.number_sealed,
        account.opened_at,
        account.closed_at,
        account.row_version,
    )
    return Row(_ACCOUNT, values)


def opened(seen: Seen, account: BankAccount, actor: str) -> tuple[Row, ...]:
    """The rows of a new account."""
    return (
        save(seen, account),
        _change(account, None, "opened", seen.draft.at, actor),
        *(asset_row(account.id, asset, seen.draft.at) for asset in account.assets),
        told(seen.draft.ids, "bank_account.opened", account.id, seen.draft.at),
    )


def became(
    seen: Seen, account: BankAccount, status: AccountStatus, reason: str, actor: str
) -> tuple[BankAccount, tuple[Row, ...]]:
    """The account in another status, and the rows of that.

    Raises:
        StatusNotAllowed: it cannot follow.
    """
    check_status(account.status, status)
    at = seen.draft.at
    after = replace(
        account,
        status=status,
        closed_at=at if status is AccountStatus.CLOSED else None,
        row_version=account.row_version + 1,
    )
    rows = (
        save(seen, after),
        _change(after, account.status, reason, at, actor),
        told(seen.draft.ids, f"bank_account.{status}", account.id, at, {"reason": reason}),
    )
    return after, rows


def asset_row(account_id: UUID, asset: str, at: datetime) -> Row:
    """That an account holds an asset."""
    return Row(_ASSET, (account_id, asset, at))


def block_row(account_id: UUID, block: Block, reason: str, at: datetime, actor: str) -> Row:
    """A block that is placed."""
    amount = None if block.amount is None else int(block.amount)
    values = (
        account_id,
        block.id,
        block.kind,
        block.direction,
        block.asset,
        amount,
        reason,
        at,
        actor,
        block.expires_at,
    )
    return Row(_BLOCK, values)


def lifting_row(account_id: UUID, block_id: UUID, at: datetime, actor: str) -> Row:
    """A block that is lifted."""
    return Row(_LIFTING, (account_id, block_id, at, actor))


def told(
    ids: Ids, kind: str, account_id: UUID, at: datetime, data: dict[str, str] | None = None
) -> Row:
    """The event of a change."""
    return event(ids.new(), kind, f"/v1/accounts/{account_id}", at, data or {})


def _change(
    account: BankAccount, before: AccountStatus | None, reason: str, at: datetime, actor: str
) -> Row:
    values = (
        account.id,
        account.row_version,
        before or "none",
        account.status,
        reason,
        at,
        actor,
    )
    return Row(_CHANGE, values)
