"""Statements of customers' accounts by their own periods, and confirmations of balances."""

from bezant.banking.statements.api import operations
from bezant.banking.statements.batches import batch_row
from bezant.banking.statements.service import CustomerStatements

__all__ = ["CustomerStatements", "batch_row", "operations"]
