"""Why a request about authorisations, captures or refunds is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class AuthorizationNotFound(NotFound):
    """No such authorisation, or another tenant's; or the payment was never authorised."""

    code, title = "AUTHORIZATION_NOT_FOUND", "No such authorisation"


class AuthorizationNotOpen(Conflict):
    """It was voided, it expired, it was captured in full, or it never was authorised."""

    code, title = "AUTHORIZATION_NOT_OPEN", "The authorisation is not open"


class AuthorizationExpired(Conflict):
    """The time to capture it is over: what remained is the payer's again."""

    code, title = "AUTHORIZATION_EXPIRED", "The authorisation has expired"


class CaptureAboveAuthorized(Refusal):
    """More would be captured than what remains of the authorisation."""

    status, code, title = 422, "CAPTURE_ABOVE_AUTHORIZED", "The capture exceeds what remains"


class IncrementsExhausted(Conflict):
    """The authorisation was raised as often as one can be."""

    code, title = "INCREMENTS_EXHAUSTED", "The authorisation was raised too often"


class RefundAboveCaptured(Refusal):
    """More would be refunded than was captured and not refunded yet."""

    status, code, title = 422, "REFUND_ABOVE_CAPTURED", "The refund exceeds what was captured"
