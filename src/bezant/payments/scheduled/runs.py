"""The job that carries a payment out on its day.

What forbids it in the morning may have passed in the evening, so it is tried until the day ends;
one try is made in any case, however late. The order's own state makes a repeat harmless: a worker
that is killed after the commit leaves a job which finds that nothing is left to do.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.calls import Call, RefusedAnswer
from bezant.kernel.clock import Clock
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, Handling, Job, Outcome
from bezant.ledger import OF_LANES, first_instant
from bezant.payments.checks import PaymentBlocked, PaymentNeedsReview
from bezant.payments.orders import Payment, PaymentService
from bezant.payments.orders.domain import Order
from bezant.payments.orders.errors import PaymentNotWaiting
from bezant.payments.orders.jobs import DUE, Due
from bezant.payments.orders.reviews import RejectPayment
from bezant.payments.scheduled.riders import CarryOutDue
from bezant.payments.states import OrderState

if TYPE_CHECKING:
    from bezant.ledger import Ledger

ACTOR: Final = "payments:due"
WAIT: Final = timedelta(minutes=15)
"""Between two tries of a day."""

_A_MOMENT: Final = timedelta(seconds=1)
_ONE_DAY: Final = timedelta(days=1)
_OF_LANES: Final = frozenset(refusal.code for refusal in OF_LANES)
_FINAL: Final = frozenset({PaymentBlocked.code, PaymentNeedsReview.code})
"""Refusals that no waiting changes."""

Begin = Callable[[UUID, UUID], None]


class DuePayments:
    """Carries payments out on their day.

    Args:
        payments: knows orders.
        ledger: in whose commits they are carried out.
        clock: tells when the day ends.
        ids: of calls.
        begin: sends the attempt of a tenant's order, beside whatever else is done.
    """

    def __init__(
        self, payments: PaymentService, ledger: "Ledger", clock: Clock, ids: Ids, begin: Begin
    ) -> None:
        self._payments = payments
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._begin = begin

    async def carry_out(self, job: Job[Due]) -> Outcome:
        """Carry one out, or find that there is nothing to do."""
        tenant_id, order_id = job.tenant_id, job.payload.order_id
        order = await self._payments.order(tenant_id, order_id)
        if order.state is not OrderState.SCHEDULED:
            return Done()
        begins_at, ends_at = await self._day(tenant_id, order)
        now = self._clock.now()
        rider = CarryOutDue(self._payments.terms(order), self._payments.sending(), ACTOR)
        call = self._call(tenant_id, order)
        answer = await self._payments.carry_out(call, order, rider)
        try:
            after = answer.value(Payment)
        except RefusedAnswer as refused:
            if refused.code in _OF_LANES:
                return Again(refused.code)
            if now < ends_at and refused.code not in _FINAL:
                return Again(refused.code, wait=min(WAIT, ends_at - now))
            return await self._reject(tenant_id, order, refused.code)
        if after.state is OrderState.SCHEDULED:
            return Again("early", wait=max(begins_at - now, _A_MOMENT))
        if after.state is OrderState.SENDING:
            self._begin(tenant_id, order_id)
        return Done()

    async def _reject(self, tenant_id: UUID, order: Order, code: str) -> Outcome:
        rider = RejectPayment(order.id, order.payer, OrderState.SCHEDULED, code, ACTOR)
        try:
            call = self._call(tenant_id, order)
            (await self._ledger.submit(call, order.book_id, rider)).value(Payment)
        except RefusedAnswer as refused:
            # Cancelled in the meantime: it has ended all the same.
            if refused.code != PaymentNotWaiting.code:
                return Again(refused.code)
        return Done()

    async def _day(self, tenant_id: UUID, order: Order) -> tuple[datetime, datetime]:
        """When the order's day begins, and when it ends."""
        assert order.execute_on is not None
        zone = await self._payments.zone(tenant_id, order.book_id)
        return (
            first_instant(order.execute_on, zone),
            first_instant(order.execute_on + _ONE_DAY, zone),
        )

    def _call(self, tenant_id: UUID, order: Order) -> Call:
        return Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=ACTOR,
            action="payment.carry_out",
            resource=f"/v1/payments/{order.id}",
            origin="job",
        )

    def handling(self) -> Handling[Due]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(DUE, self.carry_out)
