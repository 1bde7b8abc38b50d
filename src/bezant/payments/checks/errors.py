"""Why a check declines a payment."""

from bezant.kernel.errors import Refusal


class PaymentBlocked(Refusal):
    """A check forbids the payment."""

    status, code, title = 422, "PAYMENT_BLOCKED", "A check forbids the payment"


class PaymentNeedsReview(Refusal):
    """A check wants somebody to look at a payment that waits for nobody, as an instant one."""

    status, code, title = 422, "PAYMENT_NEEDS_REVIEW", "The payment cannot wait for a review"
