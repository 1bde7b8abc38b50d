"""Why a request about payments between two assets is declined."""

from bezant.kernel.errors import NotFound


class QuotedPaymentNotFound(NotFound):
    """No such payment, another tenant's, or one of a single asset."""

    code, title = "QUOTED_PAYMENT_NOT_FOUND", "No such payment between two assets"
