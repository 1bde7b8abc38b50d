"""Bulk payments: a file in, an outcome for each of its payments, a report out."""

from bezant.payments.bulk.api import operations
from bezant.payments.bulk.deciding import BulkDecisions
from bezant.payments.bulk.intake import BulkIntake
from bezant.payments.bulk.reports import BulkReports
from bezant.payments.bulk.runs import BulkRuns
from bezant.payments.bulk.verifying import BulkPayeeRuns

__all__ = [
    "BulkDecisions",
    "BulkIntake",
    "BulkPayeeRuns",
    "BulkReports",
    "BulkRuns",
    "operations",
]
