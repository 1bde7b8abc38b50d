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


class PayeesUndecided(Refusal):
    """The scheme offers to verify a file's payees: say whether they are, or that you do without."""

    status, code, title = 422, "PAYEES_UNDECIDED", "Say whether payees are verified"


class BulkNotWaiting(Conflict):
    """The file does not wait for its payer: not yet, or not any more."""

    code, title = "BULK_NOT_WAITING", "The file does not wait for its payer"


class BulkOutcomeDiffers(Conflict):
    """What is confirmed is not what was found of the file's payees."""

    code, title = "BULK_OUTCOME_DIFFERS", "Something else was found"


class UnknownBulkItem(Refusal):
    """The file has no such payment that waits."""

    status, code, title = 422, "UNKNOWN_BULK_ITEM", "No such payment of the file"
