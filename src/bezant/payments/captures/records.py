"""Totals and captures as rows of a commit."""

from datetime import datetime
from typing import Final
from uuid import UUID

from bezant.kernel.database import Row, RowKind
from bezant.ledger import ReadKind, Seen
from bezant.payments.captures import store
from bezant.payments.captures.domain import Totals
from bezant.payments.captures.schemas import Authorization, Capture
from bezant.payments.fees.domain import Division
from bezant.payments.fees.schemas import ShareOfCapture
from bezant.payments.orders.domain import Order

TOTALS: Final = ReadKind("payment_total", store.READ_TOTALS)
"""What was taken of an order and given back, by the order's identifier."""

_TOTALS: Final = RowKind("payment_total", store.SAVE_TOTALS, key_columns=1)
_CAPTURE: Final = RowKind("payment_capture", store.INSERT_CAPTURES)
_SHARE: Final = RowKind("payment_share", store.INSERT_SHARES)


def totals_of(seen: Seen, order_id: UUID) -> Totals | None:
    """An order's totals as the items before have left them; None before anything was taken."""
    row = seen.row(TOTALS, order_id)
    return None if row is None else Totals.of(row)


def totals_row(seen: Seen, totals: Totals) -> Row:
    """An order's totals, which the items after this one see."""
    seen.amend(TOTALS, totals.order_id, {"key": totals.order_id, "totals": totals})
    values = (
        totals.order_id,
        totals.authorized,
        totals.captured,
        totals.released,
        totals.refunded,
        totals.increments,
        totals.expires_at,
    )
    return Row(_TOTALS, values)


def capture_rows(
    order_id: UUID,
    capture_id: UUID,
    division: Division,
    fee_schedule_id: UUID | None,
    at: datetime,
    actor: str,
) -> tuple[Row, ...]:
    """A capture, and the shares of it."""
    values = (
        order_id,
        capture_id,
        division.amount,
        division.fee,
        division.vat,
        division.shared,
        division.net,
        fee_schedule_id,
        at,
        actor,
    )
    shares = (
        Row(_SHARE, (order_id, capture_id, account_id, amount))
        for account_id, amount in division.shares
    )
    return (Row(_CAPTURE, values), *shares)


def capture_view(
    order_id: UUID,
    capture_id: UUID,
    division: Division,
    fee_schedule_id: UUID | None,
    at: datetime,
) -> Capture:
    """The wire form of a capture."""
    return Capture(
        id=capture_id,
        payment_id=order_id,
        amount=str(division.amount),
        fee=str(division.fee),
        vat=str(division.vat),
        shares=[ShareOfCapture(account, str(amount)) for account, amount in division.shares],
        net=str(division.net),
        fee_schedule_id=fee_schedule_id,
        captured_at=at,
    )


def authorization_view(order: Order, totals: Totals) -> Authorization:
    """The wire form of an order with its totals."""
    assert order.creditor_account is not None
    return Authorization(
        id=order.id,
        state=order.state,
        debtor_account=order.payer,
        creditor_account=order.creditor_account,
        asset=order.asset,
        amount=str(totals.authorized),
        captured=str(totals.captured),
        remaining=str(totals.remaining),
        refunded=str(totals.refunded),
        expires_at=totals.expires_at,
        created_at=order.created_at,
    )
