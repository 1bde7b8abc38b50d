"""Safeguarding: customers' money against the money that is kept for them, day by day."""

from bezant.payments.safeguarding.api import operations
from bezant.payments.safeguarding.incidents import IncidentService
from bezant.payments.safeguarding.runs import SafeguardingRuns
from bezant.payments.safeguarding.service import SafeguardingService
from bezant.payments.safeguarding.watching import IncidentWatch

__all__ = [
    "IncidentService",
    "IncidentWatch",
    "SafeguardingRuns",
    "SafeguardingService",
    "operations",
]
