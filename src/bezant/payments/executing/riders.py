"""What an outcome does to an order, in the lane of its book: one commit with the ledger."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    ledger_account,
    reads_of_payment_fees,
    reads_of_release,
    release,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.kernel.outbox import event
from bezant.ledger import Decision, Reads, RiderKinds, Seen, transfer_id
from bezant.payments.executing.doubt import (
    RECEIVABLE,
    exposure_account,
    exposure_hold,
    into_doubt,
    receivable_account,
    taken,
    taken_late,
)
from bezant.payments.orders.domain import Attempt, Order, settlement_account
from bezant.payments.orders.jobs import SURVIVE
from bezant.payments.orders.records import ORDER, attempt_row, content_row, order_of, view, went
from bezant.payments.orders.riders import LEASE, charge_for, give_back
from bezant.payments.rails import Absent, NotSent, Outcome, Pending, Rejected, Settled, Unknown
from bezant.payments.states import OrderState

_OPEN: Final = frozenset(
    {OrderState.SENDING, OrderState.PENDING, OrderState.UNKNOWN, OrderState.IN_DOUBT}
)
"""States in which an outcome decides something."""

_NO_ANSWER: Final = frozenset({"pending", "unknown"})
"""Outcomes that end nothing."""


class Became(StrEnum):
    """What an outcome says."""

    SETTLED = "settled"
    PENDING = "pending"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


_CONTRADICTIONS: Final = frozenset(
    {(Became.SETTLED, OrderState.REJECTED), (Became.REJECTED, OrderState.SETTLED)}
)
"""What an outcome says, of an order that ended so."""


class Message(msgspec.Struct, frozen=True):
    """A message of the rail, sealed."""

    id: UUID
    sealed: bytes


@RiderKinds.register
class RecordOutcome(msgspec.Struct, frozen=True):
    """What a rail said of an attempt.

    One that comes twice, late, or of an attempt that is not the newest changes nothing: the order
    has gone on, and its answer says to where.

    Attributes:
        hold_id: the reservation on the payer's account.
        code: the scheme's reason, or why nothing is known.
        deadline: from when on an instant payment without an answer is in doubt; the lane's clock
            decides.
        sender: the process that has heard it, where that matters: "not sent" by one says nothing of
            another, who may have sent the attempt since.
    """

    order_id: UUID
    attempt_id: UUID
    debtor_account: UUID
    asset: str
    rail: str
    hold_id: UUID
    became: Became
    actor: str
    code: str | None = None
    reference: str | None = None
    message: Message | None = None
    deadline: datetime | None = None
    sender: UUID | None = None
    weight: int = 4

    def reads(self) -> Reads:
        """The order, its reservations and what it spent."""
        fees = reads_of_payment_fees(self.debtor_account, self.asset)
        accounts = fees.accounts | frozenset(
            {
                ledger_account(self.debtor_account, self.asset),
                settlement_account(self.rail, self.asset),
                exposure_account(self.rail, self.asset),
                receivable_account(self.order_id),
            }
        )
        rows = (
            (ORDER, self.order_id),
            (BANK_ACCOUNT, self.debtor_account),
            *reads_of_release(self.debtor_account, self.order_id),
            *fees.rows,
        )
        # Where it stands is known in the lane only: the exposure may have taken the place of it.
        holds = frozenset({self.hold_id, exposure_hold(self.order_id)})
        return Reads(accounts, holds=holds, rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Record it, with what it means for the money."""
        order = order_of(seen, self.order_id)
        attempt = order.attempt
        if order.state not in _OPEN or attempt is None or attempt.id != self.attempt_id:
            return Decision(
                Answer.of(view(order)), (*self._contradicted(seen, order), *self._heard(seen))
            )
        if self.became is Became.NOT_SENT and self.sender not in {None, attempt.sender}:
            return Decision(Answer.of(view(order)), self._heard(seen))
        order, rows = self._become(seen, order)
        at, tenant_id = seen.draft.at, seen.draft.book.tenant_id
        outcome = None if self.became in _NO_ANSWER else self.became
        tried = attempt_row(order, attempt, at, reference=self.reference, outcome=outcome)
        if outcome is not None:
            rows = (*rows, SURVIVE.spared(tenant_id, str(order.id), at=at))
        return Decision(Answer.of(view(order)), (*rows, tried, *self._heard(seen)))

    def _become(self, seen: Seen, order: Order) -> tuple[Order, tuple[Row, ...]]:
        match self.became:
            case Became.SETTLED:
                return self._settled(seen, order)
            case Became.REJECTED | Became.NOT_SENT:
                # Only what is provably not carried out comes here: the payer has the money back, or
                # had it back already, and nothing is exposed.
                give_back(seen, order)
                given_back = release(seen, order.payer, order.id)
                order, rows = self._went(seen, order, OrderState.REJECTED, self.code)
                return order, (*rows, *given_back)
            case Became.PENDING | Became.UNKNOWN:
                return self._unanswered(seen, order)

    def _settled(self, seen: Seen, order: Order) -> tuple[Order, tuple[Row, ...]]:
        take = taken_late if order.state is OrderState.IN_DOUBT else taken
        reason = take(seen, order)
        order, rows = self._went(seen, order, OrderState.SETTLED, reason or self.code)
        rows = (*rows, *charge_for(seen, order))
        if reason == RECEIVABLE:
            owed = {"account": receivable_account(order.id), "amount": str(order.amount)}
            return order, (*rows, _told(seen, order, "payment.receivable_raised", owed))
        return order, rows

    def _unanswered(self, seen: Seen, order: Order) -> tuple[Order, tuple[Row, ...]]:
        if order.state is OrderState.IN_DOUBT:
            return order, ()
        if self.deadline is not None and seen.draft.at >= self.deadline:
            exposed = into_doubt(seen, order)
            return self._went(seen, exposed, OrderState.IN_DOUBT, self.code)
        state = OrderState(self.became)
        if state is order.state:
            return order, ()
        return self._went(seen, order, state, self.code)

    def _went(
        self, seen: Seen, order: Order, state: OrderState, reason: str | None
    ) -> tuple[Order, tuple[Row, ...]]:
        return went(seen, order, state, actor=self.actor, reason=reason)

    def _contradicted(self, seen: Seen, order: Order) -> tuple[Row, ...]:
        """What somebody has to look at: the scheme says that it paid what it had not, or other way.

        People may have said so before it (`resolving`).
        """
        if (self.became, order.state) not in _CONTRADICTIONS:
            return ()
        return (_told(seen, order, "payment.contradicted", {"amount": str(order.amount)}),)

    def _heard(self, seen: Seen) -> tuple[Row, ...]:
        """The message, kept whatever came of it."""
        if self.message is None:
            return ()
        message = self.message
        return (content_row(self.order_id, message.id, "message", message.sealed, seen.draft.at),)


def _told(seen: Seen, order: Order, kind: str, facts: dict[str, str]) -> Row:
    return event(seen.draft.ids.new(), kind, f"/v1/payments/{order.id}", seen.draft.at, facts)


@RiderKinds.register
class TakeOver(msgspec.Struct, frozen=True):
    """An attempt whose sender is not heard of any more, by another process."""

    order_id: UUID
    sender: UUID
    weight: int = 1

    def reads(self) -> Reads:
        """The order."""
        return Reads(rows=((ORDER, self.order_id),))

    def decide(self, seen: Seen) -> Decision:
        """Take it, if its lease is over; the answer says who has it now, and until when."""
        order, at = order_of(seen, self.order_id), seen.draft.at
        attempt = order.attempt
        if order.state not in _OPEN or attempt is None:
            return Decision(Answer.of(Lease(order.state, None, None)))
        if attempt.sender != self.sender and not attempt.is_free(at):
            return Decision(Answer.of(Lease(order.state, attempt.sender, attempt.lease_until)))
        taken = Attempt(attempt.no, attempt.id, self.sender, at + LEASE, attempt.began_at)
        after = replace(order, attempt=taken)
        seen.amend(ORDER, order.id, {"key": order.id, "standing": after})
        answer = Lease(order.state, self.sender, taken.lease_until)
        return Decision(Answer.of(answer), (attempt_row(after, taken, at),))


class Lease(msgspec.Struct, frozen=True):
    """Who may act on an attempt; nobody needs to once the order has its answer."""

    state: OrderState
    sender: UUID | None
    until: datetime | None


def outcome_of(
    order: Order,
    outcome: Outcome,
    actor: str,
    message: Message | None,
    deadline: datetime | None = None,
    sender: UUID | None = None,
) -> RecordOutcome:
    """The rider that records an outcome of an order's newest attempt."""
    assert order.attempt is not None
    code = reference = None
    match outcome:
        case Settled():
            became, reference = Became.SETTLED, outcome.reference
        case Pending():
            became, reference = Became.PENDING, outcome.reference
        case Rejected():
            became, code = Became.REJECTED, outcome.code
        case Unknown() | Absent():
            became, code = Became.UNKNOWN, outcome.why
        case NotSent():
            became, code = Became.NOT_SENT, outcome.why
    return RecordOutcome(
        order.id,
        order.attempt.id,
        order.payer,
        order.asset,
        order.rail,
        transfer_id(order.id, 0),
        became,
        actor,
        code,
        reference,
        message,
        deadline,
        sender,
    )
