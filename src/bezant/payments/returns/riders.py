"""Money that comes back of a payment of ours, in the lane of its book."""

from dataclasses import replace
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    give_fees_back,
    ledger_account,
    reads_of_fees_back,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.kernel.outbox import event
from bezant.ledger import Decision, Reads, RiderKinds, Seen
from bezant.payments.executing import Message
from bezant.payments.orders.domain import Order, settlement_account
from bezant.payments.orders.records import ORDER, content_row, order_of, went
from bezant.payments.returns.domain import (
    DUPLICATE,
    NO_SUCH_PAYMENT,
    TOO_MUCH,
    WRONG_CURRENCY,
    RecallState,
    before_payer,
)
from bezant.payments.returns.records import (
    RETURN,
    RETURNED,
    UNDER_WAY,
    became,
    credit_back,
    returned_of,
    returned_row,
    under_way,
)
from bezant.payments.returns.unmatched import Given, Heard
from bezant.payments.states import OrderState
from bezant.payments.unapplied.domain import unapplied_account

RETURNABLE = frozenset({OrderState.SETTLED, OrderState.PARTIALLY_RETURNED})
"""States in which money of an order can come back, or be given back."""

_PAID = RETURNABLE | {OrderState.RETURNED}
"""States in which what comes back of an order is money that is here."""


@RiderKinds.register
class TakeReturn(msgspec.Struct, frozen=True):
    """Money of an order that the scheme has given back."""

    return_id: UUID
    order_id: UUID
    debtor_account: UUID
    order_asset: str
    given: Given
    message: Message
    actor: str
    weight: int = 3

    def reads(self) -> Reads:
        """The order, what has come back of it, and whoever may get it."""
        fees = reads_of_fees_back(self.order_asset, self.order_id)
        unmatched = self.given.reads()
        accounts = (fees.accounts | unmatched.accounts) | frozenset(
            {
                ledger_account(self.debtor_account, self.order_asset),
                settlement_account(self.given.rail, self.order_asset),
                unapplied_account(self.order_id),
                *before_payer(self.order_id),
            }
        )
        rows = (
            (ORDER, self.order_id),
            (BANK_ACCOUNT, self.debtor_account),
            (RETURN, self.return_id),
            (RETURNED, self.order_id),
            (UNDER_WAY, self.order_id),
            *unmatched.rows,
            *fees.rows,
        )
        return Reads(accounts, rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Credit it, up to the order's amount and once; a recall of ours has its answer by it."""
        order, given = order_of(seen, self.order_id), self.given
        known = seen.row(RETURN, self.return_id)
        if known is not None:
            said = (known["order_id"], int(known["amount"]), known["code"])
            is_same = said == (self.order_id, given.amount, given.code)
            return Decision(Answer.of(Heard(None if is_same else DUPLICATE)))
        if given.is_kept(seen):
            return Decision(Answer.of(Heard(waits=True)))
        if order.asset != given.asset:
            return Decision(Answer.of(Heard(WRONG_CURRENCY)))
        if order.state not in _PAID:
            return Decision(Answer.of(Heard(NO_SUCH_PAYMENT)), self._contradicted(seen, order))
        if returned_of(seen, order.id) + given.amount > order.amount:
            rows = (*given.kept(seen, TOO_MUCH), self._heard(seen))
            return Decision(Answer.of(Heard(waits=True)), rows)
        return Decision(Answer.of(Heard()), self._credited(seen, order))

    def _credited(self, seen: Seen, order: Order) -> tuple[Row, ...]:
        amount, code = self.given.amount, self.given.code
        total = returned_of(seen, order.id) + amount
        outside = settlement_account(order.rail, order.asset)
        waiting = credit_back(seen, order, outside, amount)
        state = OrderState.PARTIALLY_RETURNED
        fees_back: tuple[Row, ...] = ()
        if total == order.amount:
            state = OrderState.RETURNED
            payer = ledger_account(order.payer, order.asset)
            to = unapplied_account(order.id) if waiting else payer
            fees_back = give_fees_back(seen, order.id, to)
        order, rows = went(seen, order, state, actor=self.actor, reason=code)
        row = returned_row(seen, self.return_id, order.id, amount, code)
        answered = self._recall_answered(seen, order)
        return (*rows, row, self._heard(seen), *answered, *waiting, *fees_back)

    def _heard(self, seen: Seen) -> Row:
        message = self.message
        return content_row(self.order_id, message.id, "message", message.sealed, seen.draft.at)

    def _contradicted(self, seen: Seen, order: Order) -> tuple[Row, ...]:
        """What somebody has to look at: the scheme gives back what it never took, it had said.

        Either it took it, and money has gone out and in; or it errs. Nothing is here of it.
        """
        facts = {"amount": str(self.given.amount), "direction": order.direction, "said": "returned"}
        path, at = f"/v1/payments/{order.id}", seen.draft.at
        told = event(seen.draft.ids.new(), "payment.contradicted", path, at, facts)
        return (self._heard(seen), told)

    def _recall_answered(self, seen: Seen, order: Order) -> tuple[Row, ...]:
        case = under_way(seen, order.id)
        if case is None:
            return ()
        accepted = replace(
            case,
            state=RecallState.ACCEPTED,
            answered_at=seen.draft.at,
            answered_by=self.actor,
        )
        return became(seen, accepted)
