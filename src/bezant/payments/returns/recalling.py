"""What happens to recalls, in the lane of the book of the payment."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import ledger_account
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.ledger import Decision, Reads, RiderKinds, Seen, keep_holds, post, transfer_id
from bezant.ledger.schemas import Capture, NewTransaction, Posting
from bezant.payments.executing import Message
from bezant.payments.orders.domain import Direction, Order, settlement_account
from bezant.payments.orders.records import ORDER, content_row, order_of, went
from bezant.payments.returns.domain import (
    Case,
    Reason,
    RecallDirection,
    RecallState,
    answer_due,
    given_back,
    is_in_time,
)
from bezant.payments.returns.errors import (
    PaymentNotRecallable,
    RecallNotFound,
    RecallNotWaiting,
    RecallOpen,
    RecallTooLate,
)
from bezant.payments.returns.jobs import telling
from bezant.payments.returns.records import (
    RECALL,
    RETURNED,
    UNDER_WAY,
    became,
    returned_of,
    returned_row,
    under_way,
    view,
)
from bezant.payments.returns.riders import RETURNABLE
from bezant.payments.returns.schemas import Verdict
from bezant.payments.states import OrderState

_RETURN: Final = keep_holds("return")
"""The code of what a return reserves and posts."""


@RiderKinds.register
class AskBack(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/recall`.

    Attributes:
        original: what the scheme names the payment.
    """

    recall_id: UUID
    order_id: UUID
    original: str
    reason: Reason
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The order, and whether it is asked back already."""
        return Reads(rows=((ORDER, self.order_id), (UNDER_WAY, self.order_id)))

    def decide(self, seen: Seen) -> Decision:
        """Ask for it.

        Raises:
            PaymentNotRecallable: it did not leave, or has come back.
            RecallTooLate: for this reason.
            RecallOpen: it is asked back already.
        """
        order, at = order_of(seen, self.order_id), seen.draft.at
        if order.direction is not Direction.OUT:
            raise PaymentNotRecallable("It did not leave.", state=order.state)
        _check_returnable(order)
        paid_at = order.created_at if order.attempt is None else order.attempt.began_at
        if not is_in_time(self.reason, paid_at, at):
            raise RecallTooLate(f"It is too late for {self.reason}.", field="reason")
        if under_way(seen, order.id) is not None:
            raise RecallOpen(f"Payment {order.id} is being asked back.")
        case = Case(
            self.recall_id, order.id, RecallDirection.SENT, self.recall_id.hex, self.original,
            None, self.reason, RecallState.OPEN, None, answer_due(at), at, self.actor,
        )  # fmt: skip
        return Decision(Answer.of(view(case), 201), (*became(seen, case), telling(seen, case)))


@RiderKinds.register
class TakeRecall(msgspec.Struct, frozen=True):
    """Another bank asks for the money of a credit."""

    recall_id: UUID
    order_id: UUID
    case_id: str
    original: str
    sender_bic: str
    code: str
    message: Message
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The order, and whether the recall is known."""
        return Reads(
            rows=((ORDER, self.order_id), (RECALL, self.recall_id), (UNDER_WAY, self.order_id))
        )

    def decide(self, seen: Seen) -> Decision:
        """Keep it for an answer; the same again changes nothing."""
        order, at = order_of(seen, self.order_id), seen.draft.at
        known = seen.row(RECALL, self.recall_id)
        if known is not None:
            return Decision(Answer.of(view(Case.of(known))))
        case = Case(
            self.recall_id, order.id, RecallDirection.RECEIVED, self.case_id, self.original,
            self.sender_bic, self.code, RecallState.OPEN, None, answer_due(at), at, self.actor,
        )  # fmt: skip
        message = self.message
        heard = content_row(order.id, message.id, "message", message.sealed, at)
        return Decision(Answer.of(view(case), 201), (*became(seen, case), heard))


@RiderKinds.register
class AnswerRecall(msgspec.Struct, frozen=True):
    """`POST /v1/recalls/{recall}/answer`."""

    recall_id: UUID
    order_id: UUID
    creditor_account: UUID
    asset: str
    rail: str
    verdict: Verdict
    code: str | None
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The recall, the order, and the account that gives the money back."""
        accounts = frozenset(
            {
                ledger_account(self.creditor_account, self.asset),
                settlement_account(self.rail, self.asset),
            }
        )
        rows = (
            (ORDER, self.order_id),
            (RETURNED, self.order_id),
            (RECALL, self.recall_id),
            (UNDER_WAY, self.order_id),
        )
        return Reads(accounts, rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Reserve the money to give it back, or refuse; either way the other bank is told.

        Raises:
            RecallNotWaiting: it has its answer, or is ours.
            PaymentNotRecallable: the credit is not settled, or was given back.
            OverdraftExceeded: the money is not on the account any more.
        """
        case = case_of(seen, self.recall_id)
        if case.state is not RecallState.OPEN or case.direction is RecallDirection.SENT:
            raise RecallNotWaiting(f"Recall {case.id} is {case.direction} and {case.state}.")
        state = RecallState.REFUSED
        if self.verdict is Verdict.ACCEPT:
            state = RecallState.RETURNING
            self._reserve(seen, case)
        case = replace(
            case, state=state, refusal=self.code, answered_at=seen.draft.at, answered_by=self.actor
        )
        return Decision(Answer.of(view(case)), (*became(seen, case), telling(seen, case)))

    def _reserve(self, seen: Seen, case: Case) -> None:
        order = order_of(seen, self.order_id)
        _check_returnable(order)
        if under_way(seen, order.id) is not None:
            raise PaymentNotRecallable("It is being given back.", state=order.state)
        leg = Posting(
            ledger_account(order.payee, order.asset),
            settlement_account(order.rail, order.asset),
            order.asset,
            str(order.amount - returned_of(seen, order.id)),
            _RETURN,
            pending=True,
        )
        post(seen.draft, NewTransaction([leg], id=given_back(case.id, seen.draft.at)))


@RiderKinds.register
class EndRecall(msgspec.Struct, frozen=True):
    """What the rail made of money that we give back, or the other bank of a recall of ours.

    Attributes:
        answered_at: of the answer that it is about; None for a recall of ours.
        refusal: why not, as a code of the scheme; None where it is done, or not over.
        message: in which the other bank says so, if it is one.
    """

    recall_id: UUID
    answered_at: datetime | None
    order_id: UUID
    account_id: UUID
    asset: str
    rail: str
    refusal: str | None
    message: Message | None
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The recall, the order, and the reservation."""
        accounts = frozenset(
            {
                ledger_account(self.account_id, self.asset),
                settlement_account(self.rail, self.asset),
            }
        )
        rows = (
            (ORDER, self.order_id),
            (RETURNED, self.order_id),
            (RECALL, self.recall_id),
            (UNDER_WAY, self.order_id),
        )
        holds = frozenset[UUID]()
        if self.answered_at is not None:
            holds = frozenset({transfer_id(given_back(self.recall_id, self.answered_at), 0)})
        return Reads(accounts, holds=holds, rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """End it; what has ended stays as it is."""
        case = case_of(seen, self.recall_id)
        if case.answered_at != self.answered_at:
            return Decision(Answer.of(view(case)))
        if case.state is RecallState.RETURNING:
            return self._gave_back(seen, case)
        if case.state is RecallState.OPEN and case.direction is RecallDirection.SENT:
            heard = self._heard(seen)
            if self.refusal is None:
                return Decision(Answer.of(view(case)), heard)
            case = self._ended(seen, case, RecallState.REFUSED)
            return Decision(Answer.of(view(case)), (*became(seen, case), *heard))
        return Decision(Answer.of(view(case)))

    def _heard(self, seen: Seen) -> tuple[Row, ...]:
        message = self.message
        if message is None:
            return ()
        kept = content_row(self.order_id, message.id, "message", message.sealed, seen.draft.at)
        return (kept,)

    def _gave_back(self, seen: Seen, case: Case) -> Decision:
        assert case.answered_at is not None
        transaction = given_back(case.id, case.answered_at)
        hold = transfer_id(transaction, 0)
        if self.refusal is not None:
            # The money is the customer's again, and whoever answered has to look at it anew.
            post(seen.draft, NewTransaction(voids=[hold]))
            case = self._ended(seen, case, RecallState.OPEN)
            return Decision(Answer.of(view(case)), became(seen, case))
        order = order_of(seen, self.order_id)
        post(seen.draft, NewTransaction(captures=[Capture(hold)]))
        amount = order.amount - returned_of(seen, order.id)
        order, rows = went(seen, order, OrderState.RETURNED, actor=self.actor, reason=case.code)
        row = returned_row(seen, transaction, order.id, amount, case.code)
        case = self._ended(seen, case, RecallState.ACCEPTED)
        return Decision(Answer.of(view(case)), (*rows, row, *became(seen, case)))

    def _ended(self, seen: Seen, case: Case, state: RecallState) -> Case:
        return replace(
            case,
            state=state,
            refusal=self.refusal,
            answered_at=None if state is RecallState.OPEN else seen.draft.at,
            answered_by=None if state is RecallState.OPEN else self.actor,
        )


def case_of(seen: Seen, recall_id: UUID) -> Case:
    """A recall as the items before have left it.

    Raises:
        RecallNotFound: the tenant has no such.
    """
    row = seen.row(RECALL, recall_id)
    if row is None:
        raise RecallNotFound("There is no such recall.")
    return Case.of(row)


def _check_returnable(order: Order) -> None:
    if order.state not in RETURNABLE:
        raise PaymentNotRecallable(f"Payment {order.id} is {order.state}.", state=order.state)
