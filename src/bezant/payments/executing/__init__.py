"""Executing: sending attempts by their rails, and finding out what became of them."""

from bezant.payments.executing.api import operations
from bezant.payments.executing.execution import Execution
from bezant.payments.executing.resolving import ResolutionService
from bezant.payments.executing.riders import Message, RecordOutcome, outcome_of

__all__ = [
    "Execution",
    "Message",
    "RecordOutcome",
    "ResolutionService",
    "operations",
    "outcome_of",
]
