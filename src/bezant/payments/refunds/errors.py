"""Why a request about refunds and disputes is declined."""

from bezant.kernel.errors import Conflict


class PaymentNotRefundable(Conflict):
    """Nothing was paid yet, it went to an account elsewhere, or it was exchanged on the way."""

    code, title = "PAYMENT_NOT_REFUNDABLE", "The payment cannot be refunded here"


class PaymentDisputed(Conflict):
    """The payer disputes the payment: what it comes to is what is paid back, or nothing."""

    code, title = "PAYMENT_DISPUTED", "The payment is disputed"


class PaymentNotDisputable(Conflict):
    """Nothing was paid, all of it was paid back, or more of it can still be captured."""

    code, title = "PAYMENT_NOT_DISPUTABLE", "The payment cannot be disputed as it stands"


class PaymentNotDisputed(Conflict):
    """The payment is not disputed (any more)."""

    code, title = "PAYMENT_NOT_DISPUTED", "The payment is not disputed"
