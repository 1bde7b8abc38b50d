"""Schedules and accruals: transactions posted by leased jobs, each occurrence once."""

from bezant.ledger.schedules.jobs import schedule_handling

__all__ = ["schedule_handling"]
