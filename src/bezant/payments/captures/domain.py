"""What was taken of an order, and given back. Pure; amounts are minor units."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bezant.payments.captures.errors import (
    AuthorizationExpired,
    AuthorizationNotOpen,
    CaptureAboveAuthorized,
    IncrementsExhausted,
    RefundAboveCaptured,
)
from bezant.payments.orders.domain import Order
from bezant.payments.states import OrderState

INCREMENTS_MAX: Final = 10
"""How often an authorisation can be raised: each time is a reservation and a spending of its own,
all of which every later decision looks at."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of an order's money so far.

    Attributes:
        authorized: what was reserved in all, increments included.
        captured: what the payee was paid.
        released: what was given back without ever having been captured.
        refunded: what the payer was paid back of what was captured.
        increments: how often it was raised.
        expires_at: from when on nothing more is captured; None for what was paid at once.
    """

    order_id: UUID
    authorized: int
    captured: int
    released: int
    refunded: int
    increments: int
    expires_at: datetime | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Totals":
        """Totals from their row, or as an item of the same batch has made them."""
        if "totals" in row:
            totals: Totals = row["totals"]
            return totals
        return cls(
            order_id=row["key"],
            authorized=int(row["authorized"]),
            captured=int(row["captured"]),
            released=int(row["released"]),
            refunded=int(row["refunded"]),
            increments=row["increments"],
            expires_at=row["expires_at"],
        )

    @classmethod
    def paid_at_once(cls, order: Order) -> "Totals":
        """Of an order that was settled without an authorisation."""
        return cls(order.id, order.amount, order.amount, 0, 0, 0, None)

    @property
    def remaining(self) -> int:
        """What can still be captured."""
        return self.authorized - self.captured - self.released

    @property
    def refundable(self) -> int:
        """What can still be refunded."""
        return self.captured - self.refunded

    @property
    def state(self) -> OrderState:
        """Where an authorised order stands with them, if nothing is disputed."""
        if self.remaining:
            return OrderState.PARTIALLY_CAPTURED if self.captured else OrderState.AUTHORIZED
        if not self.captured:
            return OrderState.VOIDED
        if not self.refunded:
            return OrderState.CAPTURED
        return OrderState.PARTIALLY_RETURNED if self.refundable else OrderState.RETURNED

    def capture(self, amount: int | None, at: datetime, *, is_final: bool) -> tuple["Totals", int]:
        """Capture an amount, or all that remains; and release the rest, if it is the final one.

        Raises:
            AuthorizationNotOpen: nothing remains.
            AuthorizationExpired: see there.
            CaptureAboveAuthorized: more than what remains.
        """
        self.check_open(at)
        taken = self.remaining if amount is None else amount
        if taken > self.remaining:
            raise CaptureAboveAuthorized(
                f"{self.remaining} of {self.authorized} remains.",
                field="amount",
                remaining=str(self.remaining),
            )
        after = replace(self, captured=self.captured + taken)
        return (after.release() if is_final else after), taken

    def release(self) -> "Totals":
        """Give back whatever remains."""
        return replace(self, released=self.released + self.remaining)

    def increment(self, amount: int, at: datetime) -> "Totals":
        """Reserve more.

        Raises:
            AuthorizationNotOpen: nothing remains to be raised.
            AuthorizationExpired: see there.
            IncrementsExhausted: it was raised `INCREMENTS_MAX` times.
        """
        self.check_open(at)
        if self.increments == INCREMENTS_MAX:
            raise IncrementsExhausted(f"It was raised {INCREMENTS_MAX} times.")
        return replace(self, authorized=self.authorized + amount, increments=self.increments + 1)

    def refund(self, amount: int | None) -> tuple["Totals", int]:
        """Pay an amount back, or all that was captured and not paid back.

        Raises:
            RefundAboveCaptured: more than that, or nothing is left.
        """
        given = self.refundable if amount is None else amount
        if not 0 < given <= self.refundable:
            raise RefundAboveCaptured(
                f"{self.refundable} of {self.captured} captured can be refunded.",
                field="amount",
                refundable=str(self.refundable),
            )
        return replace(self, refunded=self.refunded + given), given

    def check_open(self, at: datetime) -> None:
        """Refuse where nothing can be captured any more.

        Raises:
            AuthorizationNotOpen: nothing remains.
            AuthorizationExpired: see there.
        """
        if not self.remaining:
            raise AuthorizationNotOpen("Nothing remains to be captured.")
        # Expiry wins over capture at the same instant: the payer was promised the money back by
        # then, whether or not the job that gives it back has come to it.
        if self.is_expired(at):
            raise AuthorizationExpired(f"It expired at {self.expires_at}.")

    def is_expired(self, at: datetime) -> bool:
        """Whether the time to capture is over."""
        return self.expires_at is not None and at >= self.expires_at


def check_authorized(order: Order) -> None:
    """Refuse what is not authorised, or not any more.

    Raises:
        AuthorizationNotOpen: it was voided, expired, captured in full, or never authorised.
    """
    if order.state not in {OrderState.AUTHORIZED, OrderState.PARTIALLY_CAPTURED}:
        raise AuthorizationNotOpen(f"Payment {order.id} is {order.state}.", state=order.state)


def way_to(order: Order, after: OrderState) -> tuple[OrderState, ...]:
    """The states through which an order comes to one that its totals say.

    What is captured last may have been refunded in part before: it is captured first.
    """
    is_open = order.state is OrderState.PARTIALLY_CAPTURED
    if is_open and after in {OrderState.PARTIALLY_RETURNED, OrderState.RETURNED}:
        return OrderState.CAPTURED, after
    return (after,)
