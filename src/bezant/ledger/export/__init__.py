"""Exports of a book's whole history, and books restored from them bit for bit."""

from bezant.ledger.export.book import Wanted, export_book
from bezant.ledger.export.errors import (
    BookStands,
    ExportError,
    ExportUnusable,
    NothingToExport,
    OtherExport,
)
from bezant.ledger.export.manifest import Encoding, Manifest
from bezant.ledger.export.reading import Exports
from bezant.ledger.export.restoring import Restored, restore_book
from bezant.ledger.export.verifying import verify_export

__all__ = [
    "BookStands",
    "Encoding",
    "ExportError",
    "ExportUnusable",
    "Exports",
    "Manifest",
    "NothingToExport",
    "OtherExport",
    "Restored",
    "Wanted",
    "export_book",
    "restore_book",
    "verify_export",
]
