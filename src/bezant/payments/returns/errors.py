"""Why a request about recalls and refunds is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class RecallNotFound(NotFound):
    """No such recall, or another tenant's."""

    code, title = "RECALL_NOT_FOUND", "No such recall"


class RecallNotWaiting(Conflict):
    """The recall waits for no answer of ours: it has one, or it is we who asked."""

    code, title = "RECALL_NOT_WAITING", "The recall does not wait for an answer"


class RecallOpen(Conflict):
    """The payment has been asked back, and there is no answer yet."""

    code, title = "RECALL_OPEN", "The payment is being asked back"


class RecallTooLate(Refusal):
    """The scheme does not let a payment be asked back for this reason any more."""

    status, code, title = 422, "RECALL_TOO_LATE", "It is too late for this reason"


class PaymentNotRecallable(Conflict):
    """Only what was carried out, and is not wholly returned, can be asked or given back.

    An authorisation of which more can be captured is voided before it is claimed.
    """

    code, title = "PAYMENT_NOT_RECALLABLE", "The payment cannot be asked or given back"


class RailReturnsNothing(Refusal):
    """The rail of the payment has no recalls and returns."""

    status, code, title = 422, "RAIL_RETURNS_NOTHING", "The rail has no recalls"


class PaymentClaimed(Conflict):
    """The payment is claimed as unauthorised already."""

    code, title = "PAYMENT_CLAIMED", "The payment is claimed already"
