"""Why a request about bulk payments is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class BulkNotFound(NotFound):
    """No such bulk payment, or another tenant's."""

    code, title = "BULK_NOT_FOUND", "No such bulk payment"


class BulkSumsDisagree(Refusal):
    """The file's counts or control sums are not those of its payments."""

    status, code, title = 422, "BULK_SUMS_DISAGREE", "The file does not add up"


class BulkTooLong(Refusal):
    """The file has more payments than one file may have."""

    status, code, title = 422, "BULK_TOO_LONG", "The file has too many payments"


class BulkRepeated(Conflict):
    """The initiator has sent a file of this name before."""

    code, title = "BULK_REPEATED", "A file of this name was sent before"
