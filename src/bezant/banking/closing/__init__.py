"""Closing: an account's last interest, what is left on it, and its end, in one commit."""

from bezant.banking.closing.api import operations
from bezant.banking.closing.service import ClosingService

__all__ = ["ClosingService", "operations"]
