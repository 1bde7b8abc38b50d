"""Taking returns of our payments."""

from typing import TYPE_CHECKING
from uuid import UUID

from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.payments.executing import Message, outcome_of
from bezant.payments.orders import Payment, PaymentService
from bezant.payments.orders.domain import Order
from bezant.payments.rails import Refused, Return, Settled, Taken
from bezant.payments.returns import store
from bezant.payments.returns.domain import NO_SUCH_PAYMENT, return_id
from bezant.payments.returns.riders import Heard, TakeReturn
from bezant.payments.states import OrderState

if TYPE_CHECKING:
    from bezant.ledger import Ledger

_UNANSWERED = frozenset(
    {OrderState.SENDING, OrderState.PENDING, OrderState.UNKNOWN, OrderState.IN_DOUBT}
)


class ReturnService:
    """What comes back of a tenant's payments.

    Args:
        ledger: in whose commits it is credited.
        payments: knows orders, and how messages are sealed.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        ledger: "Ledger",
        payments: PaymentService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._ledger = ledger
        self._payments = payments

    async def returned(self, returned: Return) -> Taken | Refused:
        """See `Receiver.returned`."""
        tenant_id = returned.tenant_id
        order = await self.sent(
            tenant_id,
            returned.institution_id,
            returned.rail,
            returned.original_transaction_id,
        )
        if order is None:
            return Refused(NO_SUCH_PAYMENT)
        if order.state in _UNANSWERED:
            await self._settled(tenant_id, order, returned.original_transaction_id)
        sealed = self._payments.sealed(tenant_id, order.id, returned.raw)
        rider = TakeReturn(
            return_id(order.id, returned),
            order.id,
            order.payer,
            order.rail,
            order.asset,
            returned.asset,
            returned.amount,
            returned.code,
            Message(self._ids.new(), sealed),
            f"rail:{order.rail}",
        )
        call = self._call(tenant_id, order, "payment.take_return")
        answer = await self._ledger.submit(call, order.book_id, rider)
        refused = answer.value(Heard).refused
        return Taken(order.id) if refused is None else Refused(refused)

    async def sent(
        self, tenant_id: UUID, institution_id: UUID, rail: str, name: str
    ) -> Order | None:
        """The payment of ours that a scheme calls so; None where no one, or more than one, is."""
        rows = await self._database.fetch(
            store.FIND_SENT, tenant_id, institution_id, rail, name, _as_attempt(name)
        )
        if len({row["order_id"] for row in rows}) != 1:
            return None
        return await self._payments.order(tenant_id, rows[0]["order_id"])

    async def _settled(self, tenant_id: UUID, order: Order, name: str) -> None:
        """What comes back was carried out: that answers the attempt, if nothing else has yet."""
        rider = outcome_of(order, Settled(name, self._clock.now()), f"rail:{order.rail}", None)
        call = self._call(tenant_id, order, "payment.record_outcome")
        answer = await self._ledger.submit(call, order.book_id, rider)
        answer.value(Payment)

    def _call(self, tenant_id: UUID, order: Order, action: str) -> Call:
        return Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=f"rail:{order.rail}",
            action=action,
            resource=f"/v1/payments/{order.id}",
            origin="rail",
        )


def _as_attempt(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
