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
from bezant.payments.states import OrderState
from bezant.payments.unapplied.domain import unapplied_account

RETURNABLE = frozenset({OrderState.SETTLED, OrderState.PARTIALLY_RETURNED})
"""States in which money of an order can come back, or be given back."""


class Heard(msgspec.Struct, frozen=True):
    """What became of a return: None where it is booked."""

    refused: str | None


@RiderKinds.register
class TakeReturn(msgspec.Struct, frozen=True):
    """Money of an order that the scheme has given back."""

    return_id: UUID
    order_id: UUID
    debtor_account: UUID
    rail: str
    order_asset: str
    asset: str
    amount: int
    code: str
    message: Message
    actor: str
    weight: int = 3

    def reads(self) -> Reads:
        """The order, what has come back of it, and whoever may get it."""
        fees = reads_of_fees_back(self.order_asset, self.order_id)
        accounts = fees.accounts | frozenset(
            {
                ledger_account(self.debtor_account, self.order_asset),
                settlement_account(self.rail, self.order_asset),
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
            *fees.rows,
        )
        return Reads(accounts, rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Credit it, up to the order's amount and once; a recall of ours has its answer by it."""
        order = order_of(seen, self.order_id)
        known = seen.row(RETURN, self.return_id)
        if known is not None:
            said = (known["order_id"], int(known["amount"]), known["code"])
            is_same = said == (self.order_id, self.amount, self.code)
            return Decision(Answer.of(Heard(None if is_same else DUPLICATE)))
        total = returned_of(seen, order.id) + self.amount
        refused = self._refused(order, total)
        if refused is not None:
            return Decision(Answer.of(Heard(refused)))
        outside = settlement_account(order.rail, order.asset)
        waiting = credit_back(seen, order, outside, self.amount)
        state = OrderState.PARTIALLY_RETURNED
        fees_back: tuple[Row, ...] = ()
        if total == order.amount:
            state = OrderState.RETURNED
            payer = ledger_account(order.payer, order.asset)
            to = unapplied_account(order.id) if waiting else payer
            fees_back = give_fees_back(seen, order.id, to)
        order, rows = went(seen, order, state, actor=self.actor, reason=self.code)
        row = returned_row(seen, self.return_id, order.id, self.amount, self.code)
        message = self.message
        heard = content_row(order.id, message.id, "message", message.sealed, seen.draft.at)
        rows = (*rows, row, heard, *self._recall_answered(seen, order), *waiting, *fees_back)
        return Decision(Answer.of(Heard(None)), rows)

    def _refused(self, order: Order, total: int) -> str | None:
        if order.asset != self.asset:
            return WRONG_CURRENCY
        if total > order.amount:
            return TOO_MUCH
        return None if order.state in RETURNABLE else NO_SUCH_PAYMENT

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
