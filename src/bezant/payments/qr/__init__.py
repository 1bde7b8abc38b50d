"""Codes that ask for credit transfers: made for accounts, and read into drafts of payments."""

from bezant.payments.qr.api import operations
from bezant.payments.qr.service import QrCodeService

__all__ = ["QrCodeService", "operations"]
