"""Fees: schedules that captures refer to, and the division of what is captured."""

from bezant.payments.fees.api import operations
from bezant.payments.fees.domain import Division, Fees, Share, divide
from bezant.payments.fees.records import FEE_SCHEDULE, fees_of
from bezant.payments.fees.service import FeeService

__all__ = [
    "FEE_SCHEDULE",
    "Division",
    "FeeService",
    "Fees",
    "Share",
    "divide",
    "fees_of",
    "operations",
]
