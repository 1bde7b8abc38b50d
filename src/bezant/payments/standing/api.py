"""The routes of standing orders."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant import banking
from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES
from bezant.payments.orders.api import OF_WAYS, READ, WRITE
from bezant.payments.orders.errors import DayOutOfReach
from bezant.payments.standing import errors, schemas
from bezant.payments.standing.service import StandingOrders
from bezant.payments.vop import OF_PROOFS

_TAG: Final = "standing orders"
_ORDERS: Final = "/v1/standing-orders"
_ORDER: Final = f"{_ORDERS}/{{order}}"
_ANY: Final = "0198c2b4-0000-7000-8000-000000000001"
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_OF_CHANGES: Final[tuple[type[Refusal], ...]] = (
    errors.StandingOrderNotFound,
    errors.StandingOrderEnded,
    *OF_LANES,
)


class StandingOrderPath(Struct, frozen=True):
    """A standing order."""

    order: UUID


class Routes:
    """The handlers."""

    def __init__(self, standing_orders: StandingOrders) -> None:
        self._orders = standing_orders

    async def create(self, asked: Writing[Nothing, schemas.NewStandingOrder]) -> Answer:
        """`POST /v1/standing-orders`."""
        return await self._orders.create(asked.call, asked.body)

    async def amend(self, asked: Writing[StandingOrderPath, schemas.Amendment]) -> Answer:
        """`POST /v1/standing-orders/{order}/amend`."""
        return await self._orders.amend(asked.call, asked.path.order, asked.body)

    async def cancel(self, asked: Writing[StandingOrderPath, Nothing]) -> Answer:
        """`POST /v1/standing-orders/{order}/cancel`."""
        return await self._orders.cancel(asked.call, asked.path.order)

    async def find(self, asked: Reading[StandingOrderPath, Nothing]) -> schemas.StandingOrder:
        """`GET /v1/standing-orders/{order}`."""
        standing = await self._orders.standing(asked.principal.tenant_id, asked.path.order)
        return standing.view()

    async def page(self, asked: Reading[Nothing, schemas.OfDebtor]) -> schemas.StandingOrders:
        """`GET /v1/standing-orders`."""
        tenant_id, query = asked.principal.tenant_id, asked.query
        return await turn_page(
            f"{_ORDERS}?{query.debtor_account}",
            Page(query.cursor, query.limit),
            UUID_POSITION,
            lambda after, limit: self._orders.page(
                tenant_id, query.debtor_account, after=after, limit=limit
            ),
        )

    async def occurrences(self, asked: Reading[StandingOrderPath, Page]) -> schemas.Occurrences:
        """`GET /v1/standing-orders/{order}/occurrences`."""
        tenant_id, order_id = asked.principal.tenant_id, asked.path.order
        return await turn_page(
            f"{_ORDERS}/{order_id}/occurrences",
            asked.query,
            _NUMBER,
            lambda after, limit: self._orders.occurrences(
                tenant_id, order_id, after=after, limit=limit
            ),
        )


def operations(standing_orders: StandingOrders) -> Sequence[Operation]:
    """The operations on standing orders."""
    routes = Routes(standing_orders)
    return [*_writing(routes), *_reading(routes)]


def _writing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_standing_order",
            path=_ORDERS,
            tag=_TAG,
            summary="Order payments on the days of a rule",
            description=(
                "Each day has one payment, which is judged on that day, and tried until it ends. An"
                " account whose rules ask for more signatures has each of them signed."
            ),
            scope=WRITE,
            action="standing_order.create",
            body_type=schemas.NewStandingOrder,
            example={
                "debtor_account": _ANY,
                "creditor": {"account_id": "0198c2b4-0000-7000-8000-000000000002"},
                "asset": "EUR",
                "amount": "95000",
                "rule": {"every": "month", "first": "2026-12-01", "shift": "following"},
            },
            status=201,
            answer_type=schemas.StandingOrder,
            refusals=(
                *OF_WAYS,
                DayOutOfReach,
                errors.NoOccurrence,
                banking.MayNotAct,
                banking.SignatureOfAnother,
                *OF_PROOFS,
                *OF_LANES,
            ),
            handler=routes.create,
        ),
        WriteOperation(
            id="amend_standing_order",
            path=f"{_ORDER}/amend",
            tag=_TAG,
            summary="Change what a standing order pays, or until when, from its next payment on",
            description="It is a signature of the party who ordered it, if it was ordered by one.",
            scope=WRITE,
            action="standing_order.amend",
            path_type=StandingOrderPath,
            body_type=schemas.Amendment,
            example={"amount": "99000"},
            answer_type=schemas.StandingOrder,
            refusals=(
                *_OF_CHANGES,
                errors.NoOccurrence,
                banking.MayNotAct,
                banking.SignatureOfAnother,
            ),
            handler=routes.amend,
        ),
        WriteOperation(
            id="cancel_standing_order",
            path=f"{_ORDER}/cancel",
            tag=_TAG,
            summary="Cancel a standing order: it makes no payment after this",
            scope=WRITE,
            action="standing_order.cancel",
            path_type=StandingOrderPath,
            body_type=Nothing,
            example={},
            answer_type=schemas.StandingOrder,
            refusals=_OF_CHANGES,
            handler=routes.cancel,
        ),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_standing_orders",
            path=_ORDERS,
            tag=_TAG,
            summary="The standing orders of an account, oldest first",
            scope=READ,
            query_type=schemas.OfDebtor,
            answer_type=schemas.StandingOrders,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_standing_order",
            path=_ORDER,
            tag=_TAG,
            summary="One standing order, without what it says of people",
            scope=READ,
            path_type=StandingOrderPath,
            answer_type=schemas.StandingOrder,
            refusals=(errors.StandingOrderNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="list_standing_order_occurrences",
            path=f"{_ORDER}/occurrences",
            tag=_TAG,
            summary="The days of a standing order that are over, and their payments",
            scope=READ,
            path_type=StandingOrderPath,
            query_type=Page,
            answer_type=schemas.Occurrences,
            refusals=(errors.StandingOrderNotFound, InvalidCursor),
            handler=routes.occurrences,
        ),
    ]
