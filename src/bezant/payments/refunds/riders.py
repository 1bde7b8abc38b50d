"""Paying back, and disputes: each in one commit with what it moves."""

from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    account_of,
    available_on,
    check_can_pay,
    check_can_receive,
    ledger_account,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.ledger import Decision, Reads, RiderKinds, Seen, post
from bezant.ledger.schemas import NewTransaction, Posting
from bezant.payments.captures.domain import Totals, way_to
from bezant.payments.captures.records import TOTALS, totals_of, totals_row
from bezant.payments.orders.domain import BOOK, Order
from bezant.payments.orders.records import ORDER, order_of, view, went
from bezant.payments.orders.terms import Terms
from bezant.payments.refunds import store
from bezant.payments.refunds.errors import (
    PaymentDisputed,
    PaymentNotDisputable,
    PaymentNotDisputed,
    PaymentNotRefundable,
)
from bezant.payments.refunds.schemas import DisputeOutcome, DisputeResolution, Refund
from bezant.payments.returns.domain import before_payer
from bezant.payments.returns.records import borne_of
from bezant.payments.settlements.items import ItemKind, Sums, item_row
from bezant.payments.states import OrderState

_REFUND: Final = RowKind("payment_refund", store.INSERT_REFUNDS)
_LEGS_MAX: Final = 3
"""Of a refund: to whoever bore the payment in the payer's place, and to the payer."""

_PAID: Final = frozenset(
    {
        OrderState.PARTIALLY_CAPTURED,
        OrderState.CAPTURED,
        OrderState.SETTLED,
        OrderState.PARTIALLY_RETURNED,
        OrderState.RETURNED,
    }
)
_DISPUTABLE: Final = frozenset(
    {OrderState.CAPTURED, OrderState.SETTLED, OrderState.PARTIALLY_RETURNED}
)


@RiderKinds.register
class RefundCapture(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/refunds`.

    Attributes:
        amount: minor units; None for all that is left.
    """

    terms: Terms
    id: UUID
    amount: int | None
    reason: str
    actor: str
    weight: int = _LEGS_MAX

    def reads(self) -> Reads:
        """The order with its totals, and whose money it is."""
        return _reads(self.terms)

    def decide(self, seen: Seen) -> Decision:
        """Pay the payer back.

        Raises:
            PaymentDisputed: the dispute decides what is paid back.
            PaymentNotRefundable: nothing was paid, or not here.
            RefundAboveCaptured: less is left of what was captured.
        """
        order = order_of(seen, self.terms.id)
        if order.state is OrderState.DISPUTED:
            raise PaymentDisputed(f"Payment {order.id} is disputed.")
        if order.state not in _PAID:
            raise PaymentNotRefundable(f"Payment {order.id} is {order.state}.", state=order.state)
        refund, order, rows = _pay_back(seen, order, self.id, self.amount, self.reason, self.actor)
        return Decision(Answer.of(refund, 201), rows)


@RiderKinds.register
class DisputePayment(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/dispute`: nothing is refunded until it is resolved."""

    id: UUID
    reason: str
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The order."""
        return Reads(rows=((ORDER, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """Mark it.

        Raises:
            PaymentDisputed: it is.
            PaymentNotDisputable: nothing was paid, all was paid back, or more can be captured.
        """
        order = order_of(seen, self.id)
        if order.state is OrderState.DISPUTED:
            raise PaymentDisputed(f"Payment {order.id} is disputed.")
        if order.state not in _DISPUTABLE or order.rail != BOOK:
            raise PaymentNotDisputable(f"Payment {order.id} is {order.state}.", state=order.state)
        order, rows = went(seen, order, OrderState.DISPUTED, actor=self.actor, reason=self.reason)
        return Decision(Answer.of(view(order)), rows)


@RiderKinds.register
class ResolvePaymentDispute(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/dispute/resolve`."""

    terms: Terms
    refund_id: UUID
    asked: DisputeResolution
    actor: str
    weight: int = _LEGS_MAX

    def reads(self) -> Reads:
        """The order with its totals, and whose money it is."""
        return _reads(self.terms)

    def decide(self, seen: Seen) -> Decision:
        """Leave the money where it is, or pay all of it back that was not paid back before.

        Raises:
            PaymentNotDisputed: it is not (any more).
            OverdraftExceeded: or another reason why the payee cannot pay it back; the payment stays
                disputed.
        """
        order = order_of(seen, self.terms.id)
        if order.state is not OrderState.DISPUTED:
            raise PaymentNotDisputed(f"Payment {order.id} is {order.state}.", state=order.state)
        if self.asked.outcome is DisputeOutcome.LOST:
            _, order, rows = _pay_back(
                seen, order, self.refund_id, None, self.asked.reason, self.actor
            )
            return Decision(Answer.of(view(order)), rows)
        state = _undisputed(seen, order)
        order, rows = went(seen, order, state, actor=self.actor, reason=self.asked.reason)
        return Decision(Answer.of(view(order)), rows)


def _undisputed(seen: Seen, order: Order) -> OrderState:
    """Where a payment stands that is not disputed any more, and not paid back either."""
    totals = totals_of(seen, order.id)
    if totals is not None and totals.refunded:
        return OrderState.PARTIALLY_RETURNED
    return OrderState.SETTLED if order.hold_id is None else OrderState.CAPTURED


def _pay_back(
    seen: Seen, order: Order, refund_id: UUID, amount: int | None, reason: str, actor: str
) -> tuple[Refund, Order, tuple[Row, ...]]:
    """Move money from the payee back to the payer, and count it.

    What the institution has paid in the payee's place, as the payer did not authorise it, is its.
    """
    if order.rail != BOOK or order.creditor_account is None:
        raise PaymentNotRefundable(f"Payment {order.id} went by {order.rail}.")
    before = totals_of(seen, order.id) or Totals.paid_at_once(order)
    totals, given = before.refund(amount)
    at, asset = seen.draft.at, order.asset
    payee = account_of(seen, order.creditor_account)
    check_can_pay(payee, asset, given, available_on(seen, payee.id, asset), at)
    parts = borne_of(seen, order.id, given)
    left = given - sum(part for _, part in parts)
    if left:
        check_can_receive(account_of(seen, order.payer), asset, at)
        parts.append((ledger_account(order.payer, asset), left))
    source = ledger_account(payee.id, asset)
    legs = [Posting(source, to, asset, str(part), "payment.refund") for to, part in parts]
    posted = post(seen.draft, NewTransaction(legs, id=refund_id))
    order, rows = went(seen, order, *way_to(order, totals.state), actor=actor, reason=reason)
    values = (order.id, refund_id, given, reason, at, actor)
    further = [totals_row(seen, totals), Row(_REFUND, values)]
    if order.hold_id is not None:
        # What was paid at once is no capture, and in no settlement.
        sums = Sums(0, given, 0, 0, 0, -given)
        further.append(
            item_row(order, ItemKind.REFUND, refund_id, posted.seq, posted.recorded_at, sums)
        )
    refund = Refund(refund_id, order.id, str(given), reason, at)
    return refund, order, (*rows, *further)


def _reads(terms: Terms) -> Reads:
    accounts = [terms.debtor_account]
    if terms.creditor_account is not None:
        accounts.append(terms.creditor_account)
    own = frozenset(ledger_account(account, terms.asset) for account in accounts)
    return Reads(
        own.union(before_payer(terms.id)),
        rows=(
            (ORDER, terms.id),
            (TOTALS, terms.id),
            *((BANK_ACCOUNT, account) for account in accounts),
        ),
    )
