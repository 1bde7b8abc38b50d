"""The routes of accounts."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.accounts import errors, schemas
from bezant.banking.accounts.riders import view
from bezant.banking.accounts.service import AccountService
from bezant.banking.institutions import BankCodeInvalid
from bezant.banking.scopes import BLOCKS, NUMBERS, READ, WRITE
from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES, AccountNotEmpty, LimitsBroken, UnknownAsset

_TAG: Final = "banking"
_ACCOUNTS: Final = "/v1/accounts"
_ACCOUNT: Final = f"{_ACCOUNTS}/{{account}}"
_ANY: Final = "0198c2b4-0000-7000-8000-000000000001"
_OF_ALL: Final[tuple[type[Refusal], ...]] = (errors.BankAccountNotFound, *OF_LANES)


class AccountPath(Struct, frozen=True):
    """An account."""

    account: UUID


class BlockPath(AccountPath, frozen=True):
    """A block on an account."""

    block: UUID


class Routes:
    """The handlers."""

    def __init__(self, accounts: AccountService) -> None:
        self._accounts = accounts

    async def open(self, asked: Writing[Nothing, schemas.NewBankAccount]) -> Answer:
        """`POST /v1/accounts`."""
        return await self._accounts.open(asked.call, asked.body)

    async def page(self, asked: Reading[Nothing, Page]) -> schemas.Accounts:
        """`GET /v1/accounts`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _ACCOUNTS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._accounts.page(tenant_id, after=after, limit=limit),
        )

    async def find(self, asked: Reading[AccountPath, Nothing]) -> schemas.Account:
        """`GET /v1/accounts/{account}`."""
        return view(await self._accounts.account(asked.principal.tenant_id, asked.path.account))

    async def search(self, asked: Writing[Nothing, schemas.AccountSearch]) -> Answer:
        """`POST /v1/accounts/search`."""
        return await self._accounts.search(asked.call, asked.body)

    async def number(self, asked: Reading[AccountPath, schemas.Opening]) -> schemas.AccountNumbers:
        """`GET /v1/accounts/{account}/number`."""
        call = asked.call("bank_account.read_number", asked.query.purpose)
        return await self._accounts.numbers(call, asked.path.account)

    async def balances(self, asked: Reading[AccountPath, Nothing]) -> schemas.AccountBalances:
        """`GET /v1/accounts/{account}/balances`."""
        return await self._accounts.balances(asked.principal.tenant_id, asked.path.account)

    async def add_asset(self, asked: Writing[AccountPath, schemas.NewAsset]) -> Answer:
        """`POST /v1/accounts/{account}/assets`."""
        return await self._accounts.add_asset(asked.call, asked.path.account, asked.body)

    async def change_status(self, asked: Writing[AccountPath, schemas.StatusChange]) -> Answer:
        """`POST /v1/accounts/{account}/status`."""
        return await self._accounts.change_status(asked.call, asked.path.account, asked.body)

    async def history(self, asked: Reading[AccountPath, Nothing]) -> schemas.StatusHistory:
        """`GET /v1/accounts/{account}/status`."""
        return await self._accounts.history(asked.principal.tenant_id, asked.path.account)

    async def set_overdraft(self, asked: Writing[AccountPath, schemas.OverdraftLine]) -> Answer:
        """`PUT /v1/accounts/{account}/overdraft`."""
        return await self._accounts.set_overdraft(asked.call, asked.path.account, asked.body)

    async def move(self, asked: Writing[AccountPath, schemas.ProductMove]) -> Answer:
        """`POST /v1/accounts/{account}/product-version`."""
        return await self._accounts.move(asked.call, asked.path.account, asked.body)

    async def place_block(self, asked: Writing[AccountPath, schemas.NewBlock]) -> Answer:
        """`POST /v1/accounts/{account}/blocks`."""
        return await self._accounts.place_block(asked.call, asked.path.account, asked.body)

    async def blocks(self, asked: Reading[AccountPath, Nothing]) -> schemas.AccountBlocks:
        """`GET /v1/accounts/{account}/blocks`."""
        return await self._accounts.blocks(asked.principal.tenant_id, asked.path.account)

    async def lift_block(self, asked: Writing[BlockPath, Nothing]) -> Answer:
        """`POST /v1/accounts/{account}/blocks/{block}/lift`."""
        return await self._accounts.lift_block(asked.call, asked.path.account, asked.path.block)


def operations(accounts: AccountService) -> Sequence[Operation]:
    """The operations on accounts."""
    routes = Routes(accounts)
    # Before `{account}`, which its path would be taken for.
    return [*_finding(routes), *_opening(routes), *_terms(routes), *_blocks(routes)]


def _finding(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="search_bank_accounts",
            path=f"{_ACCOUNTS}/search",
            tag=_TAG,
            summary="Find the account that has an IBAN",
            description="By a keyed fingerprint of the whole number; the audit log says who asked.",
            scope=NUMBERS,
            action="bank_account.search",
            body_type=schemas.AccountSearch,
            example={"purpose": "customer_service", "iban": "DE89370400440532013000"},
            answer_type=schemas.FoundAccounts,
            handler=routes.search,
        ),
        ReadOperation(
            id="list_bank_accounts",
            path=_ACCOUNTS,
            tag=_TAG,
            summary="Your customers' accounts, oldest first, without their numbers",
            scope=READ,
            query_type=Page,
            answer_type=schemas.Accounts,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_bank_account",
            path=_ACCOUNT,
            tag=_TAG,
            summary="One account, without its number",
            scope=READ,
            path_type=AccountPath,
            answer_type=schemas.Account,
            refusals=(errors.BankAccountNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="read_bank_account_number",
            path=f"{_ACCOUNT}/number",
            tag=_TAG,
            summary="An account's number in the forms that its country knows",
            description="The audit log has an entry before the answer is sent.",
            scope=NUMBERS,
            path_type=AccountPath,
            query_type=schemas.Opening,
            answer_type=schemas.AccountNumbers,
            refusals=(errors.BankAccountNotFound,),
            handler=routes.number,
        ),
        ReadOperation(
            id="get_bank_account_balances",
            path=f"{_ACCOUNT}/balances",
            tag=_TAG,
            summary="What an account has: booked, expected, blocked, available",
            scope=READ,
            path_type=AccountPath,
            answer_type=schemas.AccountBalances,
            refusals=(errors.BankAccountNotFound,),
            handler=routes.balances,
        ),
    ]


def _opening(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="open_bank_account",
            path=_ACCOUNTS,
            tag=_TAG,
            summary="Open an account of a product",
            description="Its number and its ledger accounts are made in the same commit.",
            scope=WRITE,
            action="bank_account.open",
            body_type=schemas.NewBankAccount,
            example={"product_id": _ANY},
            status=201,
            answer_type=schemas.Account,
            refusals=(
                errors.UnknownProduct,
                errors.AssetNotOffered,
                errors.NumbersTaken,
                BankCodeInvalid,
                UnknownAsset,
                *OF_LANES,
            ),
            handler=routes.open,
        ),
        WriteOperation(
            id="add_bank_account_asset",
            path=f"{_ACCOUNT}/assets",
            tag=_TAG,
            summary="Have an account hold another asset",
            scope=WRITE,
            action="bank_account.add_asset",
            path_type=AccountPath,
            body_type=schemas.NewAsset,
            example={"asset": "USD"},
            status=201,
            answer_type=schemas.Account,
            refusals=(
                *_OF_ALL,
                errors.AssetNotOffered,
                errors.AssetHeld,
                errors.StatusNotAllowed,
                UnknownAsset,
            ),
            handler=routes.add_asset,
        ),
    ]


def _terms(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="change_bank_account_status",
            path=f"{_ACCOUNT}/status",
            tag=_TAG,
            summary="Activate an account, block it, let it rest, or close it",
            description="Only an account that is empty is closed. Nothing follows `closed`.",
            scope=WRITE,
            action="bank_account.change_status",
            path_type=AccountPath,
            body_type=schemas.StatusChange,
            example={"status": "dormant", "reason": "no_movement"},
            answer_type=schemas.Account,
            refusals=(
                *_OF_ALL,
                errors.StatusNotAllowed,
                errors.BlocksStand,
                errors.InterestAccrued,
                errors.AccountChanged,
                AccountNotEmpty,
            ),
            handler=routes.change_status,
        ),
        ReadOperation(
            id="list_bank_account_statuses",
            path=f"{_ACCOUNT}/status",
            tag=_TAG,
            summary="How an account's status came about",
            scope=READ,
            path_type=AccountPath,
            answer_type=schemas.StatusHistory,
            refusals=(errors.BankAccountNotFound,),
            handler=routes.history,
        ),
        WriteOperation(
            id="set_bank_account_overdraft",
            path=f"{_ACCOUNT}/overdraft",
            tag=_TAG,
            summary="Set how far below zero an account may go",
            scope=WRITE,
            action="bank_account.set_overdraft",
            method="PUT",
            path_type=AccountPath,
            body_type=schemas.OverdraftLine,
            example={"asset": "EUR", "amount": "100000", "reason": "agreed"},
            answer_type=schemas.Account,
            refusals=(*_OF_ALL, errors.AssetNotHeld, LimitsBroken),
            handler=routes.set_overdraft,
        ),
        WriteOperation(
            id="move_bank_account",
            path=f"{_ACCOUNT}/product-version",
            tag=_TAG,
            summary="Put an account under another version of its product",
            scope=WRITE,
            action="bank_account.move",
            path_type=AccountPath,
            body_type=schemas.ProductMove,
            example={"product_version": 1},
            answer_type=schemas.Account,
            refusals=(*_OF_ALL, errors.UnknownProduct, errors.StatusNotAllowed),
            handler=routes.move,
        ),
    ]


def _blocks(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="place_account_block",
            path=f"{_ACCOUNT}/blocks",
            tag=_TAG,
            summary="Block an account, or an amount on it",
            description="It stops every payment that is decided after it, in every process.",
            scope=BLOCKS,
            action="bank_account.place_block",
            path_type=AccountPath,
            body_type=schemas.NewBlock,
            example={"kind": "legal", "direction": "debit", "reason": "attachment"},
            status=201,
            answer_type=schemas.AccountBlock,
            refusals=(*_OF_ALL, errors.BlockContradicts, errors.AssetNotHeld),
            handler=routes.place_block,
        ),
        ReadOperation(
            id="list_account_blocks",
            path=f"{_ACCOUNT}/blocks",
            tag=_TAG,
            summary="An account's blocks, lifted ones too",
            scope=READ,
            path_type=AccountPath,
            answer_type=schemas.AccountBlocks,
            refusals=(errors.BankAccountNotFound,),
            handler=routes.blocks,
        ),
        WriteOperation(
            id="lift_account_block",
            path=f"{_ACCOUNT}/blocks/{{block}}/lift",
            tag=_TAG,
            summary="Lift a block",
            scope=BLOCKS,
            action="bank_account.lift_block",
            path_type=BlockPath,
            body_type=Nothing,
            example={},
            answer_type=schemas.Account,
            refusals=(*_OF_ALL, errors.BlockNotFound),
            handler=routes.lift_block,
        ),
    ]
