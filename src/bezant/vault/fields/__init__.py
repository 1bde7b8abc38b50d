"""Sealed fields: values under references, searched by blind indexes."""

from bezant.vault.fields.errors import InvalidSealedValue, TooManySearches
from bezant.vault.fields.service import Fields, Prepared

__all__ = ["Fields", "InvalidSealedValue", "Prepared", "TooManySearches"]
