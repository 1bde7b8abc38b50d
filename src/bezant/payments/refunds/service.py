"""Refunding and disputing payments."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.payments.orders import PaymentService
from bezant.payments.orders.domain import Direction, Order
from bezant.payments.orders.terms import terms_of
from bezant.payments.refunds import schemas, store
from bezant.payments.refunds.errors import PaymentNotDisputable, PaymentNotRefundable
from bezant.payments.refunds.riders import DisputePayment, RefundCapture, ResolvePaymentDispute

if TYPE_CHECKING:
    from bezant.ledger import Ledger

_BEFORE_ALL: Final = UUID(int=0)


class RefundService:
    """What is paid back of a tenant's payments.

    Args:
        database: connected as the application's role.
        ledger: in whose commits money is paid back.
        payments: knows orders.
    """

    def __init__(
        self, database: Database, ids: Ids, ledger: "Ledger", payments: PaymentService
    ) -> None:
        self._database = database
        self._ids = ids
        self._ledger = ledger
        self._payments = payments

    async def refund(self, call: Call, order_id: UUID, new: schemas.NewRefund) -> Answer:
        """`POST /v1/payments/{payment}/refunds` -> 201 `Refund`."""
        order = await self._paid(call.tenant_id, order_id)
        amount = None if new.amount is None else int(new.amount)
        rider = RefundCapture(
            terms_of(order, is_instant=True), self._ids.new(), amount, new.reason, call.actor
        )
        return await self._ledger.submit(call, order.book_id, rider)

    async def dispute(self, call: Call, order_id: UUID, new: schemas.NewDispute) -> Answer:
        """`POST /v1/payments/{payment}/dispute` -> 200 `Payment`."""
        order = await self._payments.order(call.tenant_id, order_id)
        if order.direction is Direction.IN:
            raise PaymentNotDisputable(f"Payment {order_id} came in.")
        if await self._is_across(call.tenant_id, order):
            raise PaymentNotDisputable(f"Payment {order_id} went to another book.")
        rider = DisputePayment(order_id, new.reason, call.actor)
        return await self._ledger.submit(call, order.book_id, rider)

    async def resolve(self, call: Call, order_id: UUID, asked: schemas.DisputeResolution) -> Answer:
        """`POST /v1/payments/{payment}/dispute/resolve` -> 200 `Payment`."""
        order = await self._paid(call.tenant_id, order_id)
        rider = ResolvePaymentDispute(
            terms_of(order, is_instant=True), self._ids.new(), asked, call.actor
        )
        return await self._ledger.submit(call, order.book_id, rider)

    async def page(
        self, tenant_id: UUID, order_id: UUID, *, after: str | None, limit: int
    ) -> schemas.Refunds:
        """A payment's refunds after the one named `after`.

        Raises:
            PaymentNotFound: the tenant has no such payment.
        """
        await self._payments.order(tenant_id, order_id)
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, order_id, start, limit + 1)
        found = [
            schemas.Refund(
                row["refund_id"],
                order_id,
                str(int(row["amount"])),
                row["reason"],
                row["refunded_at"],
            )
            for row in rows[:limit]
        ]
        return schemas.Refunds(found, str(found[-1].id) if len(rows) > limit else None)

    async def _paid(self, tenant_id: UUID, order_id: UUID) -> Order:
        order = await self._payments.order(tenant_id, order_id)
        if order.direction is Direction.IN:
            raise PaymentNotRefundable(f"Payment {order_id} came in.")
        if await self._is_across(tenant_id, order):
            raise PaymentNotRefundable(f"Payment {order_id} went to another book.")
        return order

    async def _is_across(self, tenant_id: UUID, order: Order) -> bool:
        return await self._payments.payee_book(tenant_id, order) not in (None, order.book_id)
