"""Taking returns of our payments."""

from typing import TYPE_CHECKING
from uuid import UUID

from bezant.banking import InstitutionService
from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.payments.executing import Message, outcome_of
from bezant.payments.orders import Payment, PaymentService
from bezant.payments.orders.domain import Order
from bezant.payments.rails import Refused, Return, Settled, Taken, Unmatched
from bezant.payments.returns import store
from bezant.payments.returns.domain import return_id
from bezant.payments.returns.riders import TakeReturn
from bezant.payments.returns.unmatched import Given, Heard, KeepReturn
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
        institutions: tells in which book what fits no payment waits.
        payments: knows orders, and how messages are sealed.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        ledger: "Ledger",
        institutions: InstitutionService,
        payments: PaymentService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._ledger = ledger
        self._institutions = institutions
        self._payments = payments

    async def returned(self, returned: Return) -> Taken | Unmatched | Refused:
        """See `Receiver.returned`."""
        tenant_id, given = returned.tenant_id, Given.of(returned)
        order = await self.sent(
            tenant_id,
            returned.institution_id,
            returned.rail,
            returned.original_transaction_id,
        )
        if order is None:
            institution = await self._institutions.find(tenant_id, returned.institution_id)
            call = self._call(tenant_id, given.rail, "payment.take_return", "/v1/unapplied-money")
            answer = await self._ledger.submit(call, institution.book_id, KeepReturn(given))
            answer.value(Heard)
            return Unmatched(given.id)
        if order.state in _UNANSWERED:
            await self._settled(tenant_id, order, returned.original_transaction_id)
        sealed = self._payments.sealed(tenant_id, order.id, returned.raw)
        rider = TakeReturn(
            return_id(order.id, returned),
            order.id,
            order.payer,
            order.asset,
            given,
            Message(self._ids.new(), sealed),
            f"rail:{order.rail}",
        )
        call = self._call(tenant_id, order.rail, "payment.take_return", _path(order))
        heard = (await self._ledger.submit(call, order.book_id, rider)).value(Heard)
        if heard.waits:
            return Unmatched(given.id)
        return Taken(order.id) if heard.refused is None else Refused(heard.refused)

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
        call = self._call(tenant_id, order.rail, "payment.record_outcome", _path(order))
        answer = await self._ledger.submit(call, order.book_id, rider)
        answer.value(Payment)

    def _call(self, tenant_id: UUID, rail: str, action: str, resource: str) -> Call:
        return Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=f"rail:{rail}",
            action=action,
            resource=resource,
            origin="rail",
        )


def _path(order: Order) -> str:
    return f"/v1/payments/{order.id}"


def _as_attempt(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
