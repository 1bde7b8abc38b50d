"""What happens to orders in the lane of their book: one commit with what it posts."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import (
    FeeEvent,
    account_of,
    available_on,
    charge_payment,
    check_can_pay,
    check_can_receive,
    ledger_account,
    reads_of_release,
    release,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.ledger import (
    Decision,
    Reads,
    RiderKinds,
    Seen,
    open_account,
    post,
    transfer_id,
)
from bezant.ledger.schemas import (
    AccountType,
    Capture,
    NewAccount,
    NewTransaction,
    Posting,
)
from bezant.payments.checks import Checks, Judgement, Verdict
from bezant.payments.orders import records
from bezant.payments.orders.across import move, payee_side
from bezant.payments.orders.domain import PAYMENT, Attempt, Direction, Order, settlement_account
from bezant.payments.orders.errors import PaymentNotWaiting
from bezant.payments.orders.jobs import due_job, survivor_job
from bezant.payments.orders.records import ORDER, order_of, view, went
from bezant.payments.orders.terms import Content, Sending, Terms
from bezant.payments.states import OrderState
from bezant.payments.vop import PayeeProof

LEASE: Final = timedelta(seconds=5)
"""How long a process has an attempt to itself: half of what an instant payment has, so that of one
whose sender died a survivor comes in time."""

WEIGHT: Final = 3
"""Legs of carrying an order out: the payment, a fee and its VAT."""

_ALONE: Final = 1
_NOT_BEGUN: Final = frozenset(
    {OrderState.AWAITING_APPROVAL, OrderState.SCHEDULED, OrderState.UNDER_REVIEW}
)
"""States of orders for which no money was reserved yet."""


@RiderKinds.register
class CreatePayment(msgspec.Struct, frozen=True):
    """`POST /v1/payments`: the order, and the reservation or the posting that it stands for.

    An order that stands under its identifier already is answered as it stands, by 200: whoever
    keeps the identifier may ask again.
    """

    terms: Terms
    sending: Sending
    content: Content
    actor: str
    payee: PayeeProof
    weight: int = WEIGHT

    def reads(self) -> Reads:
        """The order, if it was taken before, and what it depends on."""
        taking = reads_of_taking(self.terms)
        return replace(taking, rows=(*taking.rows, *self.payee.reads(self.terms.debtor_account)))

    def decide(self, seen: Seen) -> Decision:
        """Take the order; carry it out, or reserve for it, or leave it to who has to sign.

        Raises:
            LimitExceeded: or whatever else forbids the payment; nothing of it is kept.
        """
        terms = self.terms
        if seen.row(ORDER, terms.id) is not None:
            return Decision(Answer.of(view(order_of(seen, terms.id))))
        order, rows = take(seen, terms, self.sending, self.content, self.actor)
        payee = self.payee.check(seen, terms.debtor_account, terms.id, self.actor)
        return Decision(Answer.of(view(order), 201), (*rows, *payee))


def reads_of_taking(terms: Terms) -> Reads:
    """What `take` looks at."""
    rows = ((ORDER, terms.id), *terms.depends_on, *terms.signing.reads())
    return Reads(terms.ledger_accounts, rows=rows)


def take(
    seen: Seen, terms: Terms, sending: Sending, content: Content, actor: str
) -> tuple[Order, tuple[Row, ...]]:
    """Take an order. One for a day waits for it, and for whatever is judged then.

    Raises:
        LimitExceeded: or whatever else forbids it.
    """
    judged: Judgement | None = None
    if terms.execute_on is None:
        check_sides(seen, terms)
        judged = Checks.judge(seen, terms.asked)
    else:
        account_of(seen, terms.debtor_account)
    given, needed, signatures = _signed(seen, terms)
    order, began = went(seen, terms.order(seen, actor), OrderState.RECEIVED, actor=actor)
    said = records.content_row(terms.id, content.id, "order", content.sealed, seen.draft.at)
    rows = (*began, said, *signatures)
    if given < needed:
        order, more = went(seen, order, OrderState.AWAITING_APPROVAL, actor=actor)
        return order, (*rows, *more, *(judged.rows if judged else ()))
    order, more = _proceed(seen, order, terms, sending, judged, actor)
    return order, (*rows, *more)


@RiderKinds.register
class ApprovePayment(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/approve`: a signature; the last has the order carried out."""

    terms: Terms
    sending: Sending
    party_id: UUID
    actor: str
    weight: int = WEIGHT

    def reads(self) -> Reads:
        """The order, and what it depends on."""
        return reads_of_taking(self.terms)

    def decide(self, seen: Seen) -> Decision:
        """Sign.

        Raises:
            PaymentNotWaiting: it waits for no signature (any more).
            MayNotAct: the party has no mandate.
            AlreadyApproved: it has signed.
        """
        order = in_state(seen, self.terms.id, OrderState.AWAITING_APPROVAL)
        signed = self.terms.signing.approve(seen, self.party_id)
        if not signed.is_complete:
            return Decision(Answer.of(view(order)), signed.rows)
        judged = None
        if self.terms.execute_on is None:
            check_sides(seen, self.terms)
            judged = Checks.judge(seen, self.terms.asked)
        order, rows = _proceed(seen, order, self.terms, self.sending, judged, self.actor)
        return Decision(Answer.of(view(order)), (*signed.rows, *rows))


@RiderKinds.register
class WithdrawSignature(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/withdraw`."""

    terms: Terms
    party_id: UUID
    weight: int = 1

    def reads(self) -> Reads:
        """The order and its signatures."""
        return Reads(rows=((ORDER, self.terms.id), *self.terms.signing.reads()))

    def decide(self, seen: Seen) -> Decision:
        """Withdraw it.

        Raises:
            PaymentNotWaiting: it is carried out, or ended.
            NotApproved: the party has not signed.
        """
        order = in_state(seen, self.terms.id, OrderState.AWAITING_APPROVAL)
        signed = self.terms.signing.revoke(seen, self.party_id)
        return Decision(Answer.of(view(order)), signed.rows)


@RiderKinds.register
class CancelPayment(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/cancel`: as long as nothing is reserved for it."""

    id: UUID
    debtor_account: UUID
    reason: str
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The order, and what it spent."""
        rows = ((ORDER, self.id), *reads_of_release(self.debtor_account, self.id))
        return Reads(rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Cancel it.

        Raises:
            PaymentNotWaiting: it is carried out, or ended.
        """
        order = in_state(seen, self.id, *_NOT_BEGUN)
        given_back = release(seen, self.debtor_account, self.id)
        order, rows = went(seen, order, OrderState.CANCELLED, actor=self.actor, reason=self.reason)
        return Decision(Answer.of(view(order)), (*rows, *given_back))


def settle(seen: Seen, order: Order) -> None:
    """Turn an order's reservation into a posting."""
    assert order.hold_id is not None
    post(seen.draft, NewTransaction(captures=[Capture(order.hold_id)]))


def charge_for(seen: Seen, order: Order) -> tuple[Row, ...]:
    """Charge what the payer's terms ask for a payment, once it is settled; the fees' rows."""
    return charge_payment(seen, order.payer, order.asset, FeeEvent.PAYMENT_OUT, order.id)


def give_back(seen: Seen, order: Order) -> None:
    """Give an order's reservation back to the payer."""
    assert order.hold_id is not None
    post(seen.draft, NewTransaction(voids=[order.hold_id]))


def proceed(
    seen: Seen,
    order: Order,
    sending: Sending,
    judged: Judgement,
    actor: str,
) -> tuple[Order, tuple[Row, ...]]:
    """Carry an order out as it was judged, or leave it to who looks at it."""
    if judged.verdict is Verdict.REVIEW:
        order, rows = went(seen, order, OrderState.UNDER_REVIEW, actor=actor, reason=judged.reason)
    else:
        order, rows = _carry_out(seen, order, sending, actor)
    # The order's own row comes first, since others refer to it.
    return order, (*rows, *judged.rows)


def check_sides(seen: Seen, terms: Terms) -> None:
    """Refuse what one of the two accounts does not allow, or has no money for.

    Raises:
        AccountNotActive: or whatever else is in the way.
    """
    at = seen.draft.at
    payer = account_of(seen, terms.debtor_account)
    available = 0
    if terms.asset in payer.assets:
        available = available_on(seen, terms.debtor_account, terms.asset)
    check_can_pay(payer, terms.asset, terms.amount, available, at)
    if terms.creditor_account is not None:
        payee = account_of(payee_side(seen), terms.creditor_account)
        check_can_receive(payee, terms.asset, at)


def in_state(seen: Seen, order_id: UUID, *states: OrderState) -> Order:
    """An order in one of the states.

    Raises:
        PaymentNotFound: there is none of the book.
        PaymentNotWaiting: it is in another state.
    """
    order = order_of(seen, order_id)
    if order.state not in states:
        raise PaymentNotWaiting(f"Payment {order_id} is {order.state}.", state=order.state)
    return order


def _proceed(
    seen: Seen,
    order: Order,
    terms: Terms,
    sending: Sending,
    judged: Judgement | None,
    actor: str,
) -> tuple[Order, tuple[Row, ...]]:
    """Go on with an order that has its signatures; without a judgement it waits for its day."""
    if judged is not None:
        return proceed(seen, order, sending, judged, actor)
    assert terms.execute_on is not None
    order, rows = went(seen, order, OrderState.SCHEDULED, actor=actor)
    return order, (*rows, due_job(seen.draft, order.id, terms.execute_on))


def _carry_out(
    seen: Seen, order: Order, sending: Sending, actor: str
) -> tuple[Order, tuple[Row, ...]]:
    if order.direction is Direction.INTERNAL:
        move(seen, order)
        order, rows = went(seen, order, OrderState.SETTLED, actor=actor)
        return order, (*rows, *charge_for(seen, order))
    payer = ledger_account(order.payer, order.asset)
    outside = settlement_account(order.rail, order.asset)
    if outside not in seen.draft.book.accounts:
        open_account(seen.draft, NewAccount(outside, order.asset, AccountType.ASSET))
    leg = Posting(payer, outside, order.asset, str(order.amount), PAYMENT, pending=True)
    post(seen.draft, NewTransaction([leg], id=order.id))
    at = seen.draft.at
    attempt = Attempt(1, sending.attempt_id, sending.sender, at + LEASE, at)
    order = replace(order, hold_id=transfer_id(order.id, 0), attempt=attempt)
    order, rows = went(seen, order, OrderState.RESERVED, OrderState.SENDING, actor=actor)
    survivor = survivor_job(
        seen.draft.ids.new(), seen.draft.book.tenant_id, order.id, at, attempt.lease_until
    )
    return order, (*rows, records.attempt_row(order, attempt, at), survivor)


def _signed(seen: Seen, terms: Terms) -> tuple[int, int, tuple[Row, ...]]:
    if terms.party_id is not None:
        signed = terms.signing.approve(seen, terms.party_id)
        return signed.given, signed.needed, signed.rows
    # A server that orders by its scope alone stands for one signature, and for no more.
    return _ALONE, terms.signing.standing(seen).needed, ()
