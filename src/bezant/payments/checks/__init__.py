"""Checks of payments and of what comes: whoever has a say, says it in the commit that posts."""

from bezant.payments.checks.arrivals import (
    REGULATORY,
    ArrivalKind,
    Arrivals,
    Arriving,
    OnArrival,
)
from bezant.payments.checks.errors import PaymentBlocked, PaymentNeedsReview
from bezant.payments.checks.limits import LimitCheck
from bezant.payments.checks.port import Asked, Judgement, PreExecution, Verdict
from bezant.payments.checks.registered import Checks

__all__ = [
    "REGULATORY",
    "ArrivalKind",
    "Arrivals",
    "Arriving",
    "Asked",
    "Checks",
    "Judgement",
    "LimitCheck",
    "OnArrival",
    "PaymentBlocked",
    "PaymentNeedsReview",
    "PreExecution",
    "Verdict",
]
