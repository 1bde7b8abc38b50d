"""Sending what was decided to be sent, and surviving whoever did not get that far.

An attempt belongs to the process that committed it, for as long as its lease lasts; that process
sends it at once. After the lease another one takes it over, and never sends before it has asked:
only a rail that has nothing of the attempt lets it be sent again, under the same name. Whoever
slept past their lease sends nothing, since what another one heard may have ended the order.

An instant payment without an answer at its deadline is in doubt, whoever notices it first; asking
goes on until the scheme says what became of it.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from bezant.kernel.calls import Answer, Call
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, Handling, Job, Outcome
from bezant.payments.executing.riders import Lease, Message, TakeOver, outcome_of
from bezant.payments.orders import Means, PaymentService
from bezant.payments.orders.domain import Order
from bezant.payments.orders.jobs import SURVIVE, Survive
from bezant.payments.rails import Absent, NotSent, Outgoing, Rail, Unknown
from bezant.payments.rails import Outcome as RailOutcome
from bezant.payments.states import OrderState

if TYPE_CHECKING:
    from bezant.ledger import Ledger, Rider

_WITHOUT_ANSWER: Final = frozenset(
    {OrderState.SENDING, OrderState.PENDING, OrderState.UNKNOWN, OrderState.IN_DOUBT}
)
_NOTHING: Final = timedelta(0)
_MARGIN: Final = timedelta(seconds=1)
"""What is left of a lease when its holder sends no more: the clocks of two machines differ."""
_TOO_LATE: Final = Unknown("NO_ANSWER_IN_TIME")

log = structlog.get_logger("bezant.payments")


class Execution:
    """Attempts, of this process and of those that are gone.

    Args:
        payments: knows orders and what they say.
        ledger: in whose commits outcomes are recorded.
        ids: of calls and messages.
        means: the rails, and this process.
    """

    def __init__(
        self,
        payments: PaymentService,
        ledger: "Ledger",
        ids: Ids,
        means: Means,
    ) -> None:
        self._payments = payments
        self._ledger = ledger
        self._ids = ids
        self._rails = means.rails
        self._sender = means.sender
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self, tenant_id: UUID, order_id: UUID) -> None:
        """Send an attempt of this process, beside whatever else it does."""
        task = asyncio.create_task(self._send(tenant_id, order_id), name=f"payment {order_id}")
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Let what is under way end: each has a time limit of its rail's."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            # As if this process had died: the survivor's job finds out what became of it.
            log.error("payment_left_to_survivor", task=task.get_name(), exc_info=defect)

    async def _send(self, tenant_id: UUID, order_id: UUID) -> None:
        try:
            order = await self._payments.order(tenant_id, order_id)
            attempt = order.attempt
            if order.state is not OrderState.SENDING or attempt is None:
                return
            if attempt.sender != self._sender:
                return
            outgoing = await self._payments.outgoing(tenant_id, order)
            await self._answered(tenant_id, order, outgoing)
        except Unavailable as unavailable:
            # The survivor's job finds out; nothing is lost, and nothing is sent twice.
            log.warning("payment_left_to_survivor", order=str(order_id), why=unavailable.code)

    async def _answered(self, tenant_id: UUID, order: Order, outgoing: Outgoing) -> None:
        """Send, and record the answer; at the deadline that there is none yet, too."""
        deadline = outgoing.deadline
        if self._is_past(deadline):
            # The scheme would take it no more. Whoever asks finds that there is nothing.
            await self._record(tenant_id, order, _TOO_LATE, deadline)
            return
        assert order.attempt is not None
        if self._is_nearly_over(order.attempt.lease_until):
            log.warning("payment_left_to_survivor", order=str(order.id), why="LEASE_OVER")
            return
        sending = asyncio.ensure_future(self._rails[order.rail].send(outgoing))
        try:
            if deadline is not None and not await self._ends_by(sending, deadline):
                await self._record(tenant_id, order, _TOO_LATE, deadline)
            await self._record(tenant_id, order, await sending, deadline)
        finally:
            # Where nothing can be recorded it is as if this process had died.
            sending.cancel()

    async def _ends_by(self, sending: "asyncio.Future[RailOutcome]", deadline: datetime) -> bool:
        while not sending.done() and not self._is_past(deadline):
            left = self._payments.left(deadline)
            await asyncio.wait({sending}, timeout=max(left.total_seconds(), 0))
        return sending.done()

    def _is_past(self, deadline: datetime | None) -> bool:
        return deadline is not None and self._payments.left(deadline) <= _NOTHING

    def _is_nearly_over(self, lease_until: datetime) -> bool:
        return self._payments.left(lease_until) <= _MARGIN

    async def survive(self, job: Job[Survive]) -> Outcome:
        """See to an order whose attempt has no answer."""
        tenant_id, order_id = job.tenant_id, job.payload.order_id
        order = await self._payments.order(tenant_id, order_id)
        if order.state not in _WITHOUT_ANSWER:
            return Done()
        deadline = self._payments.deadline(order)
        if self._is_past(deadline):
            # Before anything else: the payer waits for no inquiry.
            await self._record(tenant_id, order, _TOO_LATE, deadline)
        answer = await self._submit(tenant_id, order, TakeOver(order_id, self._sender))
        lease = answer.value(Lease)
        if lease.sender is None:
            return Done()
        if lease.sender != self._sender:
            assert lease.until is not None
            return Again("somebody sends it", wait=self._payments.until(lease.until))
        outgoing = await self._payments.outgoing(tenant_id, order)
        if lease.state is not OrderState.SENDING:
            sent_by = await self._payments.sent_by(tenant_id, order_id)
            outgoing = replace(outgoing, sent_by=sent_by)
        outcome = await self._asked(self._rails[order.rail], outgoing, lease)
        if outcome is None:
            return self._again("it cannot be sent", deadline)
        after = await self._record(tenant_id, order, outcome, deadline)
        if after in _WITHOUT_ANSWER:
            return self._again(f"no answer: {after}", deadline)
        return Done()

    def _again(self, why: str, deadline: datetime | None) -> Again:
        """By the job's waits; but at the deadline, when the payer has the money back at once."""
        if deadline is None or self._is_past(deadline):
            return Again(why)
        return Again(why, wait=self._payments.until(deadline))

    async def _asked(self, rail: Rail, outgoing: Outgoing, lease: Lease) -> RailOutcome | None:
        """What became of an attempt; None where that is as open as it was."""
        outcome = await rail.inquire(outgoing)
        if isinstance(outcome, NotSent | Absent) and lease.state is OrderState.SENDING:
            assert lease.until is not None
            if self._is_nearly_over(lease.until):
                return None
            # Whoever had it never came to send it: the first sending, not a second.
            outcome = await rail.send(outgoing)
            if isinstance(outcome, NotSent):
                # By this process. Whoever had it may be asleep, and send it when they wake.
                return None
        return outcome

    async def _record(
        self, tenant_id: UUID, order: Order, outcome: RailOutcome, deadline: datetime | None
    ) -> OrderState:
        raw = getattr(outcome, "raw", b"")
        message = None
        if raw:
            sealed = self._payments.sealed(tenant_id, order.id, raw)
            message = Message(self._ids.new(), sealed)
        rider = outcome_of(order, outcome, f"rail:{order.rail}", message, deadline, self._sender)
        answer = await self._submit(tenant_id, order, rider)
        return self._payments.state_in(answer)

    async def _submit(self, tenant_id: UUID, order: Order, rider: "Rider") -> Answer:
        call = Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=f"rail:{order.rail}",
            action="payment.record_outcome",
            resource=f"/v1/payments/{order.id}",
            origin="job",
        )
        return await self._ledger.submit(call, order.book_id, rider)

    def handling(self) -> Handling[Survive]:
        """Who carries out the survivors' jobs, for the runner of a process."""
        return Handling(SURVIVE, self.survive)
