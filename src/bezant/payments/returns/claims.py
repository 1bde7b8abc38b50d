"""Payments that the payer did not authorise: refunded by the end of the next business day.

Directive (EU) 2015/2366, article 73: at once, and no later than that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from bezant.banking import BANK_ACCOUNT, ledger_account
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Row, RowKind
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Done, Handling, Job, Outcome
from bezant.kernel.outbox import event
from bezant.ledger import Decision, ReadKind, Reads, RiderKinds, Seen, open_account
from bezant.ledger.schemas import AccountType, NewAccount
from bezant.payments.calendars.target import next_business_day
from bezant.payments.captures.domain import Totals
from bezant.payments.captures.records import TOTALS, totals_of
from bezant.payments.orders import PaymentService
from bezant.payments.orders.domain import Direction, Order
from bezant.payments.orders.records import ORDER, order_of
from bezant.payments.returns import schemas, store
from bezant.payments.returns.domain import before_payer, refunded_account
from bezant.payments.returns.errors import PaymentClaimed, PaymentNotRecallable
from bezant.payments.returns.jobs import PAY_CLAIM, PayClaim, paying
from bezant.payments.returns.records import RETURNED, credit_back, returned_of
from bezant.payments.returns.riders import RETURNABLE
from bezant.payments.states import OrderState
from bezant.payments.unapplied.domain import unapplied_account

if TYPE_CHECKING:
    from bezant.ledger import Ledger

CLAIM: Final = ReadKind("payment_claim", store.READ_CLAIMS)
"""What is claimed of an order, by the order."""

_CLAIM: Final = RowKind("payment_claim", store.SAVE_CLAIMS, key_columns=1)

# What can still be captured is voided first, so that the payer pays no more of it. A dispute may
# take longer than a claim has.
_CLAIMABLE: Final = RETURNABLE | {OrderState.CAPTURED, OrderState.DISPUTED}


@dataclass(frozen=True, slots=True)
class Standing:
    """A claim as the commit that looks at it finds it; the amount is minor units."""

    amount: int
    due_on: date
    created_at: datetime
    created_by: str
    refunded_at: datetime | None


@RiderKinds.register
class ClaimPayment(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/unauthorised`, and the refund that a claim is due.

    Attributes:
        is_due: whether it is the refund of a claim that stands.
    """

    order_id: UUID
    debtor_account: UUID
    asset: str
    is_due: bool
    refund: schemas.Refund
    actor: str
    weight: int = 2

    def reads(self) -> Reads:
        """The order, the claim, what was paid back already, and who gets the money."""
        accounts = frozenset(
            {
                ledger_account(self.debtor_account, self.asset),
                unapplied_account(self.order_id),
                *before_payer(self.order_id),
            }
        )
        rows = (
            (ORDER, self.order_id),
            (BANK_ACCOUNT, self.debtor_account),
            (TOTALS, self.order_id),
            (RETURNED, self.order_id),
            (CLAIM, self.order_id),
        )
        return Reads(accounts, rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Take the claim, or refund it; what is refunded stays so.

        Raises:
            PaymentNotRecallable: the payer has paid nothing, may have to pay more, or has it back.
            PaymentClaimed: see there.
        """
        order, row = order_of(seen, self.order_id), seen.row(CLAIM, self.order_id)
        if self.is_due:
            assert row is not None
            claim = _standing(row)
            if claim.refunded_at is not None:
                return Decision(Answer.of(_view(order, claim)))
            return self._refunded(seen, order, claim)
        if row is not None:
            raise PaymentClaimed(f"Payment {order.id} is claimed already.")
        if order.direction is Direction.IN or order.state not in _CLAIMABLE:
            raise PaymentNotRecallable(f"Payment {order.id} is {order.state}.", state=order.state)
        at = seen.draft.at
        amount = _not_back(seen, order)
        claim = Standing(amount, next_business_day(at.date()), at, self.actor, None)
        if self.refund is schemas.Refund.NOW:
            return self._refunded(seen, order, claim)
        run_at = datetime.combine(claim.due_on, time.min, UTC)
        return self._kept(seen, order, claim, "claimed", paying(seen, order.id, run_at))

    def _refunded(self, seen: Seen, order: Order, claim: Standing) -> Decision:
        # What has come back since is with the payer, or with whom it belongs to, already.
        amount = min(claim.amount, _not_back(seen, order))
        cost = refunded_account(order.id)
        open_account(seen.draft, NewAccount(cost, order.asset, AccountType.ASSET))
        waiting = credit_back(seen, order, cost, amount) if amount else ()
        claim = Standing(
            claim.amount, claim.due_on, claim.created_at, claim.created_by, seen.draft.at
        )
        return self._kept(seen, order, claim, "refunded", *waiting)

    def _kept(
        self, seen: Seen, order: Order, claim: Standing, verb: str, *further: Row
    ) -> Decision:
        values = (
            order.id, claim.amount, claim.due_on, claim.created_at, claim.created_by,
            claim.refunded_at,
        )  # fmt: skip
        seen.amend(CLAIM, order.id, {"key": order.id, "standing": claim})
        facts = {"amount": str(claim.amount), "due_on": claim.due_on.isoformat()}
        told = event(
            seen.draft.ids.new(),
            f"payment.{verb}",
            f"/v1/payments/{order.id}",
            seen.draft.at,
            facts,
        )
        status = 200 if self.is_due else 201
        return Decision(
            Answer.of(_view(order, claim), status), (Row(_CLAIM, values), told, *further)
        )


class ClaimService:
    """The claims of a tenant's payers.

    Args:
        ledger: in whose commits they are refunded.
        payments: knows orders.
    """

    def __init__(self, ids: Ids, ledger: "Ledger", payments: PaymentService) -> None:
        self._ids = ids
        self._ledger = ledger
        self._payments = payments

    async def claim(self, call: Call, order_id: UUID, new: schemas.NewClaim) -> Answer:
        """`POST /v1/payments/{payment}/unauthorised` -> 201 `Claim`.

        Raises:
            PaymentNotFound: the tenant has no such.
            PaymentNotRecallable: it came in.
        """
        order = await self._payments.order(call.tenant_id, order_id)
        if order.direction is Direction.IN:
            raise PaymentNotRecallable("It came in.", state=order.state)
        return await self._submit(call, order, new.refund, is_due=False)

    async def pay(self, job: Job[PayClaim]) -> Outcome:
        """Refund a claim that is due."""
        order = await self._payments.order(job.tenant_id, job.payload.order_id)
        call = Call(
            id=self._ids.new(),
            tenant_id=job.tenant_id,
            actor="job:claims",
            action="payment.refund_claim",
            resource=f"/v1/payments/{order.id}",
            origin="job",
        )
        answer = await self._submit(call, order, schemas.Refund.NOW, is_due=True)
        answer.value(schemas.Claim)
        return Done()

    def handling(self) -> Handling[PayClaim]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(PAY_CLAIM, self.pay)

    async def _submit(
        self, call: Call, order: Order, refunded: schemas.Refund, *, is_due: bool
    ) -> Answer:
        rider = ClaimPayment(order.id, order.payer, order.asset, is_due, refunded, call.actor)
        return await self._ledger.submit(call, order.book_id, rider)


def _not_back(seen: Seen, order: Order) -> int:
    """What was paid of an order, and neither refunded nor returned; minor units."""
    totals = totals_of(seen, order.id) or Totals.paid_at_once(order)
    return totals.refundable - returned_of(seen, order.id)


def _standing(row: Mapping[str, Any]) -> Standing:
    if "standing" in row:
        standing: Standing = row["standing"]
        return standing
    return Standing(
        int(row["amount"]),
        row["due_on"],
        row["created_at"],
        row["created_by"],
        row["refunded_at"],
    )


def _view(order: Order, claim: Standing) -> schemas.Claim:
    return schemas.Claim(
        order.id,
        order.asset,
        str(claim.amount),
        claim.due_on,
        claim.created_at,
        claim.refunded_at,
    )
