"""Safeguarding: customers' money against the money that is kept for them, day by day."""

from bezant.payments.safeguarding.api import operations
from bezant.payments.safeguarding.incidents import IncidentService
from bezant.payments.safeguarding.runs import SafeguardingRuns
from bezant.payments.safeguarding.service import SafeguardingService

__all__ = ["IncidentService", "SafeguardingRuns", "SafeguardingService", "operations"]
