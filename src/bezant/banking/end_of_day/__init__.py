"""Ends of days: interest and fees of every account of a book, a day at a time."""

from bezant.banking.end_of_day.api import operations
from bezant.banking.end_of_day.schemas import NewRun as NewEndOfDay
from bezant.banking.end_of_day.service import EndOfDayService

__all__ = ["EndOfDayService", "NewEndOfDay", "operations"]
