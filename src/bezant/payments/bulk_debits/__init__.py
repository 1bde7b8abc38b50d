"""Files of direct debits (pain.008): a file in, an outcome for each collection, a report out."""

from bezant.payments.bulk_debits.api import operations
from bezant.payments.bulk_debits.intake import DebitIntake
from bezant.payments.bulk_debits.reports import DebitReports
from bezant.payments.bulk_debits.runs import DebitFileRuns

__all__ = ["DebitFileRuns", "DebitIntake", "DebitReports", "operations"]
