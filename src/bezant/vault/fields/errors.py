"""Refusals of sealed fields. None of them quotes a value."""

from bezant.kernel.errors import Busy, Conflict, Refusal


class InvalidSealedValue(Refusal):
    """The value is too long, or has not the form that the field's index needs."""

    status, code, title = 422, "INVALID_SEALED_VALUE", "The value does not fit its field"


class TooManySearches(Busy):
    """Searching again and again would let values be guessed. Try again after `Retry-After`."""

    code, title = "TOO_MANY_SEARCHES", "Too many searches"


class ReferenceTaken(Conflict):
    """A reference stands for one value of one subject and field, once and for all."""

    code, title = "REFERENCE_TAKEN", "The reference stands for another value"


class FieldValueRefused(Refusal):
    """The value is not what the field holds, so that nobody could find it again."""

    status, code, title = 422, "FIELD_VALUE_REFUSED", "The field holds something else"
