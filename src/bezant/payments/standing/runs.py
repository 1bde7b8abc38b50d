"""The job that makes the payment of a standing order's day.

The commit that takes the payment also records the day and makes the job of the next one. So days
that were missed are caught up one after the other, each once, and a worker that is killed leaves
either everything to be done or a job that finds nothing left.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bezant.kernel.calls import Call, RefusedAnswer
from bezant.kernel.errors import Busy, Refusal, Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, Handling, Job, Outcome
from bezant.ledger import OF_LANES
from bezant.payments.orders import PaymentService
from bezant.payments.standing.records import RUN, Run, Standing, payment_id
from bezant.payments.standing.riders import Made, Ran, RunStandingOrder
from bezant.payments.standing.schemas import CONTENT, Status
from bezant.payments.standing.service import StandingOrders

if TYPE_CHECKING:
    from uuid import UUID

    from bezant.ledger import Ledger

_HOUR: Final = timedelta(hours=1)
_AT_ONCE: Final = timedelta(0)
_OF_LANES: Final = frozenset(refusal.code for refusal in OF_LANES)


class StandingRuns:
    """Carries out the jobs of standing orders.

    Args:
        standing_orders: knows them.
        payments: makes payments of them.
        ledger: in whose commits they are taken.
        ids: of calls.
    """

    def __init__(
        self,
        standing_orders: StandingOrders,
        payments: PaymentService,
        ledger: "Ledger",
        ids: Ids,
    ) -> None:
        self._standing_orders = standing_orders
        self._payments = payments
        self._ledger = ledger
        self._ids = ids

    async def run(self, job: Job[Run]) -> Outcome:
        """Make the payment of a day, or find that there is none to make."""
        tenant_id, asked = job.tenant_id, job.payload
        standing = await self._standing_orders.standing(tenant_id, asked.standing_id)
        if standing.status is not Status.ACTIVE or standing.next_no != asked.no:
            return Done()
        try:
            made = await self._made(tenant_id, standing)
            ran = await self._submit(tenant_id, standing, made, None)
        except (Busy, Unavailable) as unavailable:
            return Again(unavailable.code)
        except Refusal as refusal:
            ran = await self._submit(tenant_id, standing, None, refusal.code)
        except RefusedAnswer as refused:
            if refused.code in _OF_LANES:
                return Again(refused.code)
            ran = await self._submit(tenant_id, standing, None, refused.code)
        if ran is Ran.EARLY:
            return Again("early", wait=_HOUR)
        return Again("amended", wait=_AT_ONCE) if ran is Ran.CHANGED else Done()

    async def _made(self, tenant_id: "UUID", standing: Standing) -> Made:
        opened = self._payments.opened(tenant_id, standing.id, standing.sealed)
        new = CONTENT.decode(opened).payment(str(standing.amount), standing.next_on)
        order_id = payment_id(standing.id, standing.next_no)
        prepared = await self._payments.prepared(tenant_id, new, order_id)
        return Made(prepared.terms, prepared.content, self._payments.sending())

    async def _submit(
        self, tenant_id: "UUID", standing: Standing, made: Made | None, code: str | None
    ) -> Ran:
        actor = f"standing_order:{standing.id}"
        rider = RunStandingOrder(
            standing.id, standing.next_no, standing.row_version, made, code, actor
        )
        call = Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=actor,
            action="standing_order.run",
            resource=f"/v1/standing-orders/{standing.id}",
            origin="job",
        )
        return (await self._ledger.submit(call, standing.book_id, rider)).value(Ran)

    def handling(self) -> Handling[Run]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(RUN, self.run)
