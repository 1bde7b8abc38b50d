"""Recalls, ours and other banks': asked, answered, and told over the rail of the payment."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, Handling, Job
from bezant.kernel.jobs import Outcome as JobOutcome
from bezant.payments.direct_debits.errors import ReasonUnfit
from bezant.payments.executing import Message
from bezant.payments.orders import PaymentNotFound, PaymentService
from bezant.payments.orders.domain import Direction, Order
from bezant.payments.rails import (
    Asked,
    Outcome,
    Pending,
    Rail,
    Recall,
    Refused,
    Rejected,
    Returning,
    Settled,
)
from bezant.payments.returns import schemas, store
from bezant.payments.returns.domain import (
    NO_SUCH_PAYMENT,
    NOT_TAKEN,
    Case,
    RecallDirection,
    RecallState,
    recall_id,
    told_as,
)
from bezant.payments.returns.errors import RailReturnsNothing, RecallNotFound
from bezant.payments.returns.jobs import TELL, Tell
from bezant.payments.returns.recalling import AnswerRecall, AskBack, EndRecall, TakeRecall
from bezant.payments.returns.records import view
from bezant.payments.returns.service import ReturnService

if TYPE_CHECKING:
    from bezant.ledger import Ledger, Rider

_BEFORE_ALL: Final = UUID(int=0)

_CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""By less, those of two banks; nobody asks again so soon after a refusal."""


class RecallService:
    """The recalls of a tenant's payments.

    Args:
        ledger: in whose commits they change.
        payments: knows orders, and how messages are sealed.
        returns: finds payments by what their scheme calls them.
        rails: by name; those that are `Returning` carry recalls.
    """

    def __init__(
        self,
        database: Database,
        ids: Ids,
        ledger: "Ledger",
        payments: PaymentService,
        returns: ReturnService,
        rails: Mapping[str, Rail],
    ) -> None:
        self._database = database
        self._ids = ids
        self._ledger = ledger
        self._payments = payments
        self._returns = returns
        self._rails = rails

    async def ask(self, call: Call, order_id: UUID, new: schemas.NewRecall) -> Answer:
        """`POST /v1/payments/{payment}/recall` -> 201 `RecallCase`.

        Raises:
            PaymentNotFound: the tenant has no such.
            RailReturnsNothing: see there.
        """
        order = await self._payments.order(call.tenant_id, order_id)
        if order.direction is Direction.OUT:
            self._rail(order)
        row = await self._database.fetchrow(store.FIND_REFERENCE, call.tenant_id, order_id)
        original = "" if row is None else row["reference"] or row["attempt_id"].hex
        rider = AskBack(self._ids.new(), order_id, original, new.reason, call.actor)
        return await self._ledger.submit(call, order.book_id, rider)

    async def answer(self, call: Call, recall: UUID, asked: schemas.RecallAnswer) -> Answer:
        """`POST /v1/recalls/{recall}/answer` -> 200 `RecallCase`.

        Raises:
            RecallNotFound: the tenant has no such.
            RailReturnsNothing: see there.
            ReasonUnfit: the scheme refuses no recall with the code.
        """
        case = await self.case(call.tenant_id, recall)
        order = await self._payments.order(call.tenant_id, case.order_id)
        rail = self._rail(order)
        if asked.code is not None and asked.code not in rail.recall_refusals:
            raise ReasonUnfit(f"{asked.code} refuses no recall of the scheme.", field="code")
        rider = AnswerRecall(
            case.id,
            order.id,
            _own_account(order),
            order.asset,
            order.rail,
            asked.answer,
            asked.code,
            call.actor,
        )
        return await self._ledger.submit(call, order.book_id, rider)

    async def recalled(self, recall: Recall) -> UUID | Refused:
        """See `Receiver.recalled`."""
        tenant_id = recall.tenant_id
        rows = await self._database.fetch(
            store.FIND_RECEIVED,
            tenant_id,
            recall.institution_id,
            recall.rail,
            recall.original_transaction_id,
            recall.sender_bic,
        )
        if not rows:
            return Refused(NO_SUCH_PAYMENT)
        if len(rows) > 1:
            raise PaymentNotFound("There is more than one such credit.")
        if rows[0]["order_id"] is None:
            return Refused(NOT_TAKEN)
        order = await self._payments.order(tenant_id, rows[0]["order_id"])
        sealed = self._payments.sealed(tenant_id, order.id, recall.raw)
        rider = TakeRecall(
            recall_id(order.id, recall),
            order.id,
            recall.case_id,
            recall.original_transaction_id,
            rows[0]["sender_bic"],
            recall.code,
            Message(self._ids.new(), sealed),
            f"rail:{order.rail}",
        )
        answer = await self._submit(tenant_id, order, "recall.take", rider)
        return answer.value(schemas.RecallCase).id

    async def answered(self, recall: Recall, refusal: str | None, said_at: datetime) -> bool:
        """See `Receiver.recall_answered`."""
        order = await self._returns.sent(
            recall.tenant_id, recall.institution_id, recall.rail, recall.original_transaction_id
        )
        if order is None:
            return False
        case = await self._asked_of(recall, order, said_at)
        if case is None:
            return False
        sealed = self._payments.sealed(recall.tenant_id, order.id, recall.raw)
        message = Message(self._ids.new(), sealed)
        await self._end(recall.tenant_id, case, order, refusal, message)
        return True

    async def case(self, tenant_id: UUID, recall: UUID) -> Case:
        """A recall as it stands.

        Raises:
            RecallNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.READ_RECALLS, tenant_id, [recall])
        if row is None:
            raise RecallNotFound("There is no such recall.")
        return Case.of(dict(row))

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> schemas.Recalls:
        """The tenant's recalls, after the one named `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        listed = await self._database.fetch(store.LIST_RECALLS, tenant_id, start, limit + 1)
        ids = [row["recall_id"] for row in listed[:limit]]
        rows = await self._database.fetch(store.READ_RECALLS, tenant_id, ids)
        cases = sorted((Case.of(dict(row)) for row in rows), key=lambda case: case.id)
        more = str(ids[-1]) if len(listed) > limit else None
        return schemas.Recalls([view(case) for case in cases], more)

    async def tell(self, job: Job[Tell]) -> JobOutcome:
        """Have the other bank hear of a recall, or have the money that we give back."""
        tenant_id = job.tenant_id
        case = await self.case(tenant_id, job.payload.recall_id)
        order = await self._payments.order(tenant_id, case.order_id)
        outcome = await self._sent(tenant_id, order, case)
        if outcome is None:
            return Done()
        if isinstance(outcome, Rejected):
            await self._end(tenant_id, case, order, outcome.code)
            return Done()
        if not isinstance(outcome, Settled | Pending):
            return Again(outcome.why)
        await self._end(tenant_id, case, order, None)
        return Done()

    def handling(self) -> Handling[Tell]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(TELL, self.tell)

    async def _sent(self, tenant_id: UUID, order: Order, case: Case) -> Outcome | None:
        """What is to be told by where the recall stands; None where nothing is (any more)."""
        rail = self._rail(order)
        match case.direction, case.state:
            case RecallDirection.SENT, RecallState.OPEN:
                outgoing = await self._payments.outgoing(tenant_id, order)
                asked = replace(
                    _asked(tenant_id, order, case), counterparty_iban=outgoing.creditor.iban
                )
                return await rail.send_recall(asked)
            case RecallDirection.RECEIVED, RecallState.RETURNING:
                return await rail.send_return(_asked(tenant_id, order, case))
            case RecallDirection.RECEIVED, RecallState.REFUSED:
                assert case.refusal is not None
                return await rail.answer_recall(_asked(tenant_id, order, case), case.refusal)
            case _:
                return None

    async def _end(
        self,
        tenant_id: UUID,
        case: Case,
        order: Order,
        refusal: str | None,
        message: Message | None = None,
    ) -> None:
        rider = EndRecall(
            case.id,
            case.answered_at,
            order.id,
            _own_account(order),
            order.asset,
            order.rail,
            refusal,
            message,
            f"rail:{order.rail}",
        )
        answer = await self._submit(tenant_id, order, "recall.end", rider)
        answer.value(schemas.RecallCase)

    async def _asked_of(self, recall: Recall, order: Order, said_at: datetime) -> Case | None:
        """The recall of ours that an answer is about, by its name or as the one that is open."""
        if not recall.case_id:
            row = await self._database.fetchrow(store.READ_UNDER_WAY, recall.tenant_id, [order.id])
            case = None if row is None else Case.of(dict(row))
            # What comes again may be of a recall before this one.
            return case if case is not None and said_at > case.created_at - _CLOCKS_DIFFER else None
        try:
            case = await self.case(recall.tenant_id, UUID(recall.case_id))
        except (ValueError, RecallNotFound):
            return None
        return case if case.order_id == order.id else None

    def _rail(self, order: Order) -> Returning:
        rail: object = self._rails.get(order.rail)
        if not isinstance(rail, Returning):
            raise RailReturnsNothing(f"The rail {order.rail} has no recalls.")
        return rail

    async def _submit(self, tenant_id: UUID, order: Order, action: str, rider: "Rider") -> Answer:
        call = Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=f"rail:{order.rail}",
            action=action,
            resource=f"/v1/payments/{order.id}",
            origin="rail",
        )
        return await self._ledger.submit(call, order.book_id, rider)


def _own_account(order: Order) -> UUID:
    return order.payee if order.direction is Direction.IN else order.payer


def _asked(tenant_id: UUID, order: Order, case: Case) -> Asked:
    message_id, at = told_as(case)
    return Asked(
        tenant_id,
        order.institution_id,
        message_id,
        at,
        order.id,
        case.case_id,
        case.original,
        case.counterparty_bic,
        order.amount,
        order.asset,
        case.code,
    )
