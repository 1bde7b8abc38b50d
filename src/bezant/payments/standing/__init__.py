"""Standing orders: one payment for each day of a rule, the same payment at every repeat."""

from bezant.payments.standing.api import operations
from bezant.payments.standing.runs import StandingRuns
from bezant.payments.standing.service import StandingOrders

__all__ = ["StandingOrders", "StandingRuns", "operations"]
