"""Refusals of sealed fields. None of them quotes a value."""

from bezant.kernel.errors import Conflict
from bezant.kernel.sealed import FieldValueRefused, InvalidSealedValue, TooManySearches

__all__ = ["FieldValueRefused", "InvalidSealedValue", "ReferenceTaken", "TooManySearches"]


class ReferenceTaken(Conflict):
    """A reference stands for one value of one subject and field, once and for all."""

    code, title = "REFERENCE_TAKEN", "The reference stands for another value"
