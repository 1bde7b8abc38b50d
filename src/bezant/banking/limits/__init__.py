"""Limits: what an account and a customer may pay in rolling windows, enforced as it is posted."""

from bezant.banking.limits.api import operations
from bezant.banking.limits.counterparties import CounterpartyLists, counterparty_of
from bezant.banking.limits.errors import (
    CounterpartyDenied,
    LimitExceeded,
    OrderingPartyNeeded,
)
from bezant.banking.limits.schemas import AccountLimits, NewLimits, Usage
from bezant.banking.limits.service import LimitService
from bezant.banking.limits.spending import Spending, reads_of_release, release, spend

__all__ = [
    "AccountLimits",
    "CounterpartyDenied",
    "CounterpartyLists",
    "LimitExceeded",
    "LimitService",
    "NewLimits",
    "OrderingPartyNeeded",
    "Spending",
    "Usage",
    "counterparty_of",
    "operations",
    "reads_of_release",
    "release",
    "spend",
]
