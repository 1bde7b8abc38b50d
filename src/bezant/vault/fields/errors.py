"""Why a value of a sealed field is declined. No refusal quotes it."""

from bezant.kernel.errors import Refusal


class FieldValueRefused(Refusal):
    """The value is not what the field holds, so that nobody could find it again."""

    status, code, title = 422, "FIELD_VALUE_REFUSED", "The field holds something else"
