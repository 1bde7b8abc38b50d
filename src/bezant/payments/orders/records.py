"""Orders as rows of a commit."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bezant.kernel.database import Row, RowKind
from bezant.kernel.outbox import event
from bezant.ledger import ReadKind, Seen
from bezant.payments.orders import store
from bezant.payments.orders.domain import Attempt, Order
from bezant.payments.orders.errors import PaymentNotFound
from bezant.payments.orders.schemas import Payment
from bezant.payments.states import OrderState, is_legal

ORDER: Final = ReadKind("payment_order", store.READ_ORDERS)
"""An order with its newest attempt, by its identifier."""

_ORDER: Final = RowKind("payment_order", store.SAVE_ORDERS, key_columns=1)
_TRANSITION: Final = RowKind("payment_transition", store.INSERT_TRANSITIONS)
_ATTEMPT: Final = RowKind("payment_attempt", store.SAVE_ATTEMPTS, key_columns=2)
_CONTENT: Final = RowKind("payment_content", store.INSERT_CONTENTS)

_TOLD: Final = frozenset(OrderState) - {OrderState.RECEIVED, OrderState.RESERVED}
"""States of which there are events: the others never last."""


def order_of(seen: Seen, order_id: UUID) -> Order:
    """An order as the items before have left it.

    Raises:
        PaymentNotFound: the tenant has no such, or it is of another book.
    """
    row = seen.row(ORDER, order_id)
    if row is None or Order.of(row).book_id != seen.draft.book.book_id:
        raise PaymentNotFound("There is no such payment.")
    return Order.of(row)


def went(
    seen: Seen, order: Order, *states: OrderState, actor: str, reason: str | None = None
) -> tuple[Order, tuple[Row, ...]]:
    """The order after it has gone through states, and the rows of that.

    The order's own row comes first, since the others refer to it; `seq` of an order that is not
    stored yet is 0.
    """
    at, rows = seen.draft.at, []
    for state in states:
        before = order.state if order.seq else None
        assert is_legal(before, state), f"{before} -> {state}"
        order = replace(order, state=state, seq=order.seq + 1, reason=reason)
        rows.append(_transition(order, before, reason, at, actor))
        if state in _TOLD:
            rows.append(_event(seen, order))
    seen.amend(ORDER, order.id, {"key": order.id, "standing": order})
    return order, (_saved(order), *rows)


def attempt_row(
    order: Order,
    attempt: Attempt,
    at: datetime,
    *,
    reference: str | None = None,
    outcome: str | None = None,
) -> Row:
    """An attempt as it stands; what has no outcome is not over."""
    values = (
        order.id,
        attempt.no,
        attempt.id,
        attempt.sender,
        attempt.lease_until,
        attempt.began_at,
        reference,
        outcome,
        None if outcome is None else at,
    )
    return Row(_ATTEMPT, values)


def content_row(order_id: UUID, content_id: UUID, kind: str, sealed: bytes, at: datetime) -> Row:
    """Sealed content: of the order, or a message of a rail."""
    return Row(_CONTENT, (order_id, content_id, kind, sealed, at))


def view(order: Order) -> Payment:
    """The wire form."""
    return Payment(
        id=order.id,
        direction=order.direction,
        rail=order.rail,
        state=order.state,
        debtor_account=order.debtor_account,
        creditor_account=order.creditor_account,
        asset=order.asset,
        amount=str(order.amount),
        created_at=order.created_at,
        reason=order.reason,
        execute_on=order.execute_on,
    )


def _saved(order: Order) -> Row:
    values = (
        order.id,
        order.book_id,
        order.institution_id,
        order.direction,
        order.rail,
        order.state,
        order.seq,
        order.debtor_account,
        order.creditor_account,
        order.party_id,
        order.channel,
        order.counterparty,
        order.asset,
        order.amount,
        order.hold_id,
        0 if order.attempt is None else order.attempt.no,
        order.reason,
        order.created_at,
        order.created_by,
        order.execute_on,
    )
    return Row(_ORDER, values)


def _transition(
    order: Order, before: OrderState | None, reason: str | None, at: datetime, actor: str
) -> Row:
    values = (
        order.id,
        order.seq,
        None if before is None else order.seq - 1,
        before or "none",
        order.state,
        reason,
        at,
        actor,
    )
    return Row(_TRANSITION, values)


def _event(seen: Seen, order: Order) -> Row:
    facts = {
        "direction": order.direction,
        "rail": order.rail,
        "asset": order.asset,
        "amount": str(order.amount),
    }
    if order.reason is not None:
        facts["reason"] = order.reason
    return event(
        seen.draft.ids.new(),
        f"payment.{order.state}",
        f"/v1/payments/{order.id}",
        seen.draft.at,
        facts,
    )
