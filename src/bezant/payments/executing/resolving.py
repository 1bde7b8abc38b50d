"""What no scheme answers, ended by people: two of them, since one could take money for themselves.

A reservation of a rail's never ends by itself. Where a scheme stays silent for good, somebody asks
the other bank, or looks at the statement of account; what they find ends the order as the scheme's
answer would have. An answer that comes after all and says otherwise is told as a contradiction.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.ledger import Decision, Reads, RiderKinds, Seen
from bezant.payments.executing.riders import Became, RecordOutcome, outcome_of
from bezant.payments.incoming.riders import ConcludeCredit
from bezant.payments.orders import PaymentService
from bezant.payments.orders.domain import Direction, Order
from bezant.payments.orders.errors import PaymentNotWaiting
from bezant.payments.orders.records import order_of
from bezant.payments.orders.reviews import check_other
from bezant.payments.rails import Rejected
from bezant.payments.states import OrderState

if TYPE_CHECKING:
    from bezant.ledger import Ledger

_SILENT: Final = frozenset({OrderState.PENDING, OrderState.UNKNOWN, OrderState.IN_DOUBT})
"""What was sent, or is expected, and has no last answer. What is being sent has its process."""


class Finding(StrEnum):
    """What became of the money, as people found out."""

    SETTLED = "settled"
    REJECTED = "rejected"


class Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/{payment}/resolve`.

    Attributes:
        outcome: whether the scheme carried it out.
        reason: how that is known; a code of yours, which the order and its history say.
    """

    outcome: Finding
    reason: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,63}\Z")]


@RiderKinds.register
class ResolvePayment(msgspec.Struct, frozen=True):
    """A payment of ours that has no answer, ended by what people found out."""

    outcome: RecordOutcome
    weight: int = 4

    def reads(self) -> Reads:
        """What an answer of the scheme's would look at."""
        return self.outcome.reads()

    def decide(self, seen: Seen) -> Decision:
        """End it, as the answer would.

        Raises:
            PaymentNotWaiting: it is being sent, or has its answer.
            PaymentOwnReview: the person who entered it asks.
        """
        _check_silent(seen, self.outcome.order_id, self.outcome.actor)
        return self.outcome.decide(seen)


@RiderKinds.register
class ResolveCredit(msgspec.Struct, frozen=True):
    """Money that is expected and of which nothing is heard, ended by what people found out."""

    conclusion: ConcludeCredit
    weight: int = 1

    def reads(self) -> Reads:
        """What a message of the scheme's would look at."""
        return self.conclusion.reads()

    def decide(self, seen: Seen) -> Decision:
        """End it, as the message would.

        Raises:
            PaymentNotWaiting: it is not expected (any more).
        """
        _check_silent(seen, self.conclusion.order_id, self.conclusion.actor)
        return self.conclusion.decide(seen)


def _check_silent(seen: Seen, order_id: UUID, actor: str) -> None:
    order = order_of(seen, order_id)
    if order.state not in _SILENT:
        raise PaymentNotWaiting(f"Payment {order_id} is {order.state}.", state=order.state)
    check_other(order, actor)


class ResolutionService:
    """Ends what no scheme answers.

    Args:
        payments: knows orders.
        ledger: in whose commits they end.
    """

    def __init__(self, payments: PaymentService, ledger: "Ledger") -> None:
        self._payments = payments
        self._ledger = ledger

    async def resolve(self, call: Call, order_id: UUID, asked: Resolution) -> Answer:
        """`POST /v1/payments/{payment}/resolve` -> 200 `Payment`."""
        order = await self._payments.order(call.tenant_id, order_id)
        if order.direction is not Direction.IN and order.attempt is None:
            raise PaymentNotWaiting(f"Payment {order_id} is {order.state}.", state=order.state)
        return await self._ledger.submit(call, order.book_id, _rider(order, asked, call.actor))


def _rider(order: Order, asked: Resolution, actor: str) -> ResolvePayment | ResolveCredit:
    if order.direction is Direction.IN:
        is_settled = asked.outcome is Finding.SETTLED
        conclusion = ConcludeCredit(
            order.id, order.payee, order.asset, order.rail, is_settled, actor, asked.reason
        )
        return ResolveCredit(conclusion)
    found = outcome_of(order, Rejected(asked.reason), actor, None)
    return ResolvePayment(msgspec.structs.replace(found, became=Became(asked.outcome)))
