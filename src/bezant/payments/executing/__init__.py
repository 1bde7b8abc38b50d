"""Executing: sending attempts by their rails, and finding out what became of them."""

from bezant.payments.executing.execution import Execution
from bezant.payments.executing.riders import Message, RecordOutcome, outcome_of

__all__ = ["Execution", "Message", "RecordOutcome", "outcome_of"]
