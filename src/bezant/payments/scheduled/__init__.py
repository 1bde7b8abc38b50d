"""Payments on a day: carried out when it comes, tried until it ends, then rejected."""

from bezant.payments.scheduled.runs import DuePayments

__all__ = ["DuePayments"]
