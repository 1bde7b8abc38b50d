"""Why a request about standing orders is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class StandingOrderNotFound(NotFound):
    """No such standing order, or another tenant's."""

    code, title = "STANDING_ORDER_NOT_FOUND", "No such standing order"


class StandingOrderEnded(Conflict):
    """The standing order was cancelled, or has paid for the last time."""

    code, title = "STANDING_ORDER_ENDED", "The standing order has ended"


class NoOccurrence(Refusal):
    """By its rule the standing order would never pay (any more)."""

    status, code, title = 422, "NO_OCCURRENCE", "The standing order would never pay"
