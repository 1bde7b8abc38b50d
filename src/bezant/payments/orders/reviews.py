"""What becomes of orders that a check wants looked at."""

from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import reads_of_release, release
from bezant.kernel.calls import Answer
from bezant.ledger import Decision, Reads, RiderKinds, Seen
from bezant.payments.checks import Checks
from bezant.payments.orders.domain import Order
from bezant.payments.orders.errors import PaymentOwnReview
from bezant.payments.orders.records import ORDER, view, went
from bezant.payments.orders.riders import WEIGHT, check_sides, in_state, proceed
from bezant.payments.orders.terms import Sending, Terms
from bezant.payments.states import OrderState

PERSON: Final = "user:"
"""What the actors begin with that are people."""


@RiderKinds.register
class ReleasePayment(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/release`: somebody looked at it, and it may go."""

    terms: Terms
    sending: Sending
    actor: str
    weight: int = WEIGHT

    def reads(self) -> Reads:
        """The order, and what it depends on."""
        terms = self.terms
        return Reads(terms.ledger_accounts, rows=((ORDER, terms.id), *terms.depends_on))

    def decide(self, seen: Seen) -> Decision:
        """Carry it out. What blocks it still does, and so does a missing balance.

        Raises:
            PaymentNotWaiting: it waits for no review.
            PaymentOwnReview: the person who entered it asks.
            PaymentBlocked: a check forbids it by now; or whatever else is in the way.
        """
        order = in_state(seen, self.terms.id, OrderState.UNDER_REVIEW)
        check_other(order, self.actor)
        check_sides(seen, self.terms)
        judged = Checks.judge(seen, self.terms.asked, is_reviewed=True)
        order, rows = proceed(seen, order, self.sending, judged, self.actor)
        return Decision(Answer.of(view(order)), rows)


@RiderKinds.register
class RejectPayment(msgspec.Struct, frozen=True):
    """An order that nothing is reserved for, ended for a reason: by who looked at it, or its day.

    Attributes:
        state: in which it has to be.
    """

    id: UUID
    debtor_account: UUID
    state: OrderState
    reason: str
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The order, and what it spent."""
        rows = ((ORDER, self.id), *reads_of_release(self.debtor_account, self.id))
        return Reads(rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Reject it.

        Raises:
            PaymentNotWaiting: it is in another state.
            PaymentOwnReview: the person who entered it looks at it.
        """
        order = in_state(seen, self.id, self.state)
        if self.state is OrderState.UNDER_REVIEW:
            check_other(order, self.actor)
        given_back = release(seen, self.debtor_account, self.id)
        order, rows = went(seen, order, OrderState.REJECTED, actor=self.actor, reason=self.reason)
        return Decision(Answer.of(view(order)), (*rows, *given_back))


def check_other(order: Order, actor: str) -> None:
    """Make sure that nobody decides on what they entered.

    A server's key stands for no person: whose work it does, it has to keep apart by itself.

    Raises:
        PaymentOwnReview: the person who entered it asks.
    """
    if actor.startswith(PERSON) and actor == order.created_by:
        raise PaymentOwnReview("Who entered it does not decide on it.")
