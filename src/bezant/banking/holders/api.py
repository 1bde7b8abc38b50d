"""The routes of holders."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.holders.errors import AlreadyHolder, HolderNotFound, UnknownUser
from bezant.banking.holders.schemas import Holder, Holders, NewHolder
from bezant.banking.holders.service import HolderService
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import AccountNotFound, BookNotFound, schemas

READ: Final = "holders:read"
WRITE: Final = "holders:write"

_TAG: Final = "accounts"
_HOLDERS: Final = "/v1/books/{book}/accounts/{account}/holders"


class AccountPath(Struct, frozen=True):
    """An account of a book."""

    book: UUID
    account: schemas.AccountId


class HolderPath(AccountPath, frozen=True):
    """A holder of an account."""

    user: UUID


class Routes:
    """The handlers."""

    def __init__(self, holders: HolderService) -> None:
        self._holders = holders

    async def add(self, asked: Writing[AccountPath, NewHolder]) -> Answer:
        """`POST …/holders`."""
        return await self._holders.add(asked.call, asked.path.book, asked.path.account, asked.body)

    async def page(self, asked: Reading[AccountPath, Page]) -> Holders:
        """`GET …/holders`."""
        tenant_id, path = asked.principal.tenant_id, asked.path
        return await turn_page(
            f"/v1/books/{path.book}/accounts/{path.account}/holders",
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._holders.page(
                tenant_id, path.book, path.account, after=after, limit=limit
            ),
        )

    async def remove(self, asked: Writing[HolderPath, Nothing]) -> Answer:
        """`POST …/holders/{user}/remove`."""
        path = asked.path
        return await self._holders.remove(asked.call, path.book, path.account, path.user)


def operations(holders: HolderService) -> Sequence[Operation]:
    """The operations on the holders of accounts."""
    routes = Routes(holders)
    return [
        WriteOperation(
            id="add_account_holder",
            path=_HOLDERS,
            tag=_TAG,
            summary="Make a user a holder of an account",
            description="A holder reads the account, its balance and its entries, and no others.",
            scope=WRITE,
            action="account.add_holder",
            path_type=AccountPath,
            body_type=NewHolder,
            example={"user_id": "0198c2b4-0000-7000-8000-000000000001"},
            status=201,
            answer_type=Holder,
            refusals=(BookNotFound, AccountNotFound, UnknownUser, AlreadyHolder),
            handler=routes.add,
        ),
        ReadOperation(
            id="list_account_holders",
            path=_HOLDERS,
            tag=_TAG,
            summary="An account's holders",
            scope=READ,
            path_type=AccountPath,
            query_type=Page,
            answer_type=Holders,
            refusals=(BookNotFound, AccountNotFound, InvalidCursor),
            handler=routes.page,
        ),
        WriteOperation(
            id="remove_account_holder",
            path=f"{_HOLDERS}/{{user}}/remove",
            tag=_TAG,
            summary="Make a user no holder of an account any more",
            description="What the user asks for from then on is refused, in every process.",
            scope=WRITE,
            action="account.remove_holder",
            path_type=HolderPath,
            body_type=Nothing,
            example={},
            answer_type=Holder,
            refusals=(HolderNotFound,),
            handler=routes.remove,
        ),
    ]
