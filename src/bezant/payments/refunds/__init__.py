"""Refunds and disputes: money that goes back from whom it was paid to."""

from bezant.payments.refunds.api import operations
from bezant.payments.refunds.service import RefundService

__all__ = ["RefundService", "operations"]
