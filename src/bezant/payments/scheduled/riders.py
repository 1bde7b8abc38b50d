"""An order whose day has come, in the lane of its book."""

import msgspec

from bezant.kernel.calls import Answer
from bezant.ledger import Decision, Reads, RiderKinds, Seen, first_instant
from bezant.payments.checks import Checks
from bezant.payments.orders.records import order_of, view
from bezant.payments.orders.riders import (
    WEIGHT,
    check_sides,
    check_signed,
    proceed,
    reads_of_taking,
)
from bezant.payments.orders.terms import Sending, Terms
from bezant.payments.states import OrderState


@RiderKinds.register
class CarryOutDue(msgspec.Struct, frozen=True):
    """What a payment for a day stands for, judged on that day.

    One that was carried out, cancelled or rejected before is answered as it stands, and so is one
    whose day has not come by the clock of the book's writer.
    """

    terms: Terms
    sending: Sending
    actor: str
    weight: int = WEIGHT

    def reads(self) -> Reads:
        """The order, and what it depends on."""
        return reads_of_taking(self.terms)

    def decide(self, seen: Seen) -> Decision:
        """Carry it out.

        Raises:
            SignaturesNeeded: it has too few by now.
            LimitExceeded: or whatever else forbids it now; it stays scheduled.
        """
        order = order_of(seen, self.terms.id)
        assert order.execute_on is not None
        begins_at = first_instant(order.execute_on, seen.draft.book.time_zone)
        if order.state is not OrderState.SCHEDULED or seen.draft.at < begins_at:
            return Decision(Answer.of(view(order)))
        check_signed(seen, self.terms)
        check_sides(seen, self.terms)
        judged = Checks.judge(seen, self.terms.asked)
        order, rows = proceed(seen, order, self.sending, judged, self.actor)
        return Decision(Answer.of(view(order)), rows)
