"""Limits as they are agreed on: of a product, of an account, of a customer."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from bezant.ledger import schemas

LIMITS_MAX: Final = 50
"""Limits in one list."""


class Channel(StrEnum):
    """Where an order to pay came from, or that it is an instant one."""

    API = "api"
    WEB = "web"
    MOBILE = "mobile"
    BRANCH = "branch"
    BATCH = "batch"
    INSTANT = "instant"


class Window(StrEnum):
    """What a limit counts: one payment, or all in a time that ends now and rolls on."""

    TRANSACTION = "transaction"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


ROLLING: Final = {
    Window.DAY: timedelta(hours=24),
    Window.WEEK: timedelta(days=7),
    Window.MONTH: timedelta(days=30),
}
"""How long the windows are. They roll: midnight gives nothing back."""

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class LimitTerms(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One limit. What it does not name is not limited by it.

    Attributes:
        asset: whose payments it counts.
        amount: at most, in minor units.
        count: at most, payments.
        counterparties: at most, different ones.
        channel: whose payments it counts; None counts all, and `instant` all that are sent by an
            instant scheme, whatever channel ordered them.
    """

    asset: schemas.AssetCode
    window: Window
    amount: schemas.Amount | None = None
    count: Count | None = None
    counterparties: Count | None = None
    channel: Channel | None = None

    def __post_init__(self) -> None:
        """Refuse a limit that limits nothing, or what cannot be counted."""
        if self.amount is None and self.count is None and self.counterparties is None:
            raise ValueError("A limit has an amount, a count or counterparties.")
        if self.window is Window.TRANSACTION and (self.count, self.counterparties) != (None, None):
            raise ValueError("One transaction is limited by its amount.")
        if self.counterparties is not None and self.channel is not None:
            raise ValueError("Counterparties are counted over all channels.")


Limits = Annotated[list[LimitTerms], Meta(max_length=LIMITS_MAX)]
