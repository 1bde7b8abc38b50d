"""Captures: money reserved first, and taken later, in parts or not at all."""

from bezant.payments.captures.api import operations
from bezant.payments.captures.service import CaptureService

__all__ = ["CaptureService", "operations"]
