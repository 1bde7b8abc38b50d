"""The routes of money that waits."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant import banking
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES, OF_POSTINGS
from bezant.payments.direct_debits.errors import BackTooLate, DirectDebitNotFound, ReasonUnfit
from bezant.payments.orders.errors import CreditorInAnotherBook, UnknownCreditorAccount
from bezant.payments.unapplied import errors, schemas
from bezant.payments.unapplied.service import UnappliedService

_READ: Final = "unapplied:read"
_WRITE: Final = "unapplied:write"
_TAG: Final = "unapplied money"
_MONEY: Final = "/v1/unapplied-money"
_ONE: Final = f"{_MONEY}/{{unapplied}}"


class UnappliedPath(Struct, frozen=True):
    """Money that waits."""

    unapplied: UUID


class Routes:
    """The handlers."""

    def __init__(self, unapplied: UnappliedService) -> None:
        self._unapplied = unapplied

    async def page(self, asked: Reading[Nothing, schemas.UnappliedAsked]) -> schemas.UnappliedMoney:
        """`GET /v1/unapplied-money`."""
        tenant_id, query = asked.principal.tenant_id, asked.query
        return await turn_page(
            f"{_MONEY}?{query.all}",
            Page(query.cursor, query.limit),
            UUID_POSITION,
            lambda after, limit: self._unapplied.page(
                tenant_id, include_gone=query.all, after=after, limit=limit
            ),
        )

    async def find(self, asked: Reading[UnappliedPath, Nothing]) -> schemas.Unapplied:
        """`GET /v1/unapplied-money/{unapplied}`."""
        return await self._unapplied.find(asked.principal.tenant_id, asked.path.unapplied)

    async def movements(self, asked: Reading[UnappliedPath, Nothing]) -> schemas.Movements:
        """`GET /v1/unapplied-money/{unapplied}/movements`."""
        return await self._unapplied.movements(asked.principal.tenant_id, asked.path.unapplied)

    async def apply(self, asked: Writing[UnappliedPath, schemas.Application]) -> Answer:
        """`POST /v1/unapplied-money/{unapplied}/apply`."""
        return await self._unapplied.apply(asked.call, asked.path.unapplied, asked.body)

    async def send_back(self, asked: Writing[UnappliedPath, schemas.SendingBack]) -> Answer:
        """`POST /v1/unapplied-money/{unapplied}/send-back`."""
        return await self._unapplied.send_back(asked.call, asked.path.unapplied, asked.body)


def operations(unapplied: UnappliedService) -> Sequence[Operation]:
    """The operations on money that waits."""
    routes = Routes(unapplied)
    return [*_reading(routes), *_giving_away(routes)]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_unapplied_money",
            path=_MONEY,
            tag=_TAG,
            summary="Money that came in and fits no account",
            description=(
                "What came back of a payment or was collected, and is for an account that takes"
                " nothing. `all` lists what does not wait any more, too."
            ),
            scope=_READ,
            query_type=schemas.UnappliedAsked,
            answer_type=schemas.UnappliedMoney,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_unapplied_money",
            path=_ONE,
            tag=_TAG,
            summary="How much of it waits, and since when",
            scope=_READ,
            path_type=UnappliedPath,
            answer_type=schemas.Unapplied,
            refusals=(errors.UnappliedNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="list_unapplied_movements",
            path=f"{_ONE}/movements",
            tag=_TAG,
            summary="Who gave it to whom, and why",
            scope=_READ,
            path_type=UnappliedPath,
            answer_type=schemas.Movements,
            refusals=(errors.UnappliedNotFound,),
            handler=routes.movements,
        ),
    ]


def _giving_away(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="apply_unapplied_money",
            path=f"{_ONE}/apply",
            tag=_TAG,
            summary="Give it to a customer's account",
            description="All that waits, or a part of it, in one posting; for people it takes two.",
            scope=_WRITE,
            action="unapplied_money.apply",
            path_type=UnappliedPath,
            body_type=schemas.Application,
            example={
                "account_id": "0198c2b4-0000-7000-8000-000000000001",
                "reason": "new_account_of_payer",
            },
            status=201,
            answer_type=schemas.Movement,
            refusals=(
                errors.UnappliedNotFound,
                errors.UnappliedGone,
                errors.UnappliedExceeded,
                UnknownCreditorAccount,
                CreditorInAnotherBook,
                banking.AccountNotActive,
                banking.AccountBlocked,
                banking.AssetNotHeld,
                banking.BankAccountNotFound,
                *OF_POSTINGS,
                *OF_LANES,
            ),
            handler=routes.apply,
        ),
        WriteOperation(
            id="send_back_unapplied_money",
            path=f"{_ONE}/send-back",
            tag=_TAG,
            summary="Send it back to whom it came from",
            description=(
                "What was collected goes back to the debtor by a reversal, within five business"
                " days. What came back of a payment of ours is the payer's: apply it."
            ),
            scope=_WRITE,
            action="unapplied_money.send_back",
            path_type=UnappliedPath,
            body_type=schemas.SendingBack,
            example={"reason": "account_closed"},
            status=201,
            answer_type=schemas.Movement,
            refusals=(
                errors.UnappliedNotFound,
                errors.UnappliedGone,
                errors.UnappliedNotReturnable,
                DirectDebitNotFound,
                ReasonUnfit,
                BackTooLate,
                banking.BankAccountNotFound,
                *OF_POSTINGS,
                *OF_LANES,
            ),
            handler=routes.send_back,
        ),
    ]
