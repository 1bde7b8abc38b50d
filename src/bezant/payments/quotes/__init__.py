"""Quotes to customers, and payments between two assets with them."""

from bezant.payments.quotes.api import operations
from bezant.payments.quotes.service import QuoteService

__all__ = ["QuoteService", "operations"]
