"""Checks before a payment is carried out: whoever has a say, says it in the commit that posts."""

from bezant.payments.checks.errors import PaymentBlocked, PaymentNeedsReview
from bezant.payments.checks.limits import LimitCheck
from bezant.payments.checks.port import Asked, Judgement, PreExecution, Verdict
from bezant.payments.checks.registered import Checks

__all__ = [
    "Asked",
    "Checks",
    "Judgement",
    "LimitCheck",
    "PaymentBlocked",
    "PaymentNeedsReview",
    "PreExecution",
    "Verdict",
]
