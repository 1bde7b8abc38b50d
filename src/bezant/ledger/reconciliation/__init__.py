"""Statements of the bank against the book: imported, matched, explained; what is left ages."""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.ledger.reconciliation import rules, schemas
    from bezant.ledger.reconciliation.api import MEDIA_TYPES, operations
    from bezant.ledger.reconciliation.importing import Format, Upload
    from bezant.ledger.reconciliation.service import ReconciliationService

__all__ = [
    "MEDIA_TYPES",
    "Format",
    "ReconciliationService",
    "Upload",
    "operations",
    "rules",
    "schemas",
]

__getattr__ = lazily(
    __name__,
    {
        "api": "MEDIA_TYPES, operations",
        "importing": "Format, Upload",
        "service": "ReconciliationService",
    },
    modules=("rules", "schemas"),
)
