"""Why a request about the end of a day is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class RunNotFound(NotFound):
    """No such run, or another tenant's."""

    code, title = "END_OF_DAY_NOT_FOUND", "No such end of a day"


class DayNotOver(Refusal):
    """The day is not over yet by the clock and in the time zone of the book."""

    status, code, title = 422, "DAY_NOT_OVER", "The day is not over"


class DayOutOfOrder(Conflict):
    """Days of a book are ended one after the other, none twice and none left out."""

    code, title = "DAY_OUT_OF_ORDER", "It is not this day's turn"


class PreviousDayRunning(Conflict):
    """The day before is not ended yet: ask again later, under a new key."""

    code, title = "PREVIOUS_DAY_RUNNING", "The day before is not ended"


class AccountsChanged(Conflict):
    """Terms of accounts have changed since they were looked at: the run looks again by itself."""

    code, title = "ACCOUNTS_CHANGED", "Accounts have changed"
