"""Why a division of a capture is declined."""

from bezant.kernel.errors import NotFound, Refusal


class FeeScheduleNotFound(NotFound):
    """No such fee schedule, or another tenant's."""

    code, title = "FEE_SCHEDULE_NOT_FOUND", "No such fee schedule"


class UnknownFeeSchedule(Refusal):
    """The tenant has no such fee schedule, or it is of another asset."""

    status, code, title = 422, "UNKNOWN_FEE_SCHEDULE", "No such fee schedule for this"


class FeeAboveCapture(Refusal):
    """The fee comes to more than what is captured."""

    status, code, title = 422, "FEE_ABOVE_CAPTURE", "The fee exceeds the capture"


class SharesAboveCapture(Refusal):
    """The shares come to more than what the fee leaves of the capture."""

    status, code, title = 422, "SHARES_ABOVE_CAPTURE", "The shares exceed the capture"


class UnknownShareAccount(Refusal):
    """An account that is to get a share does not exist, is of another book, or is the payee's."""

    status, code, title = 422, "UNKNOWN_SHARE_ACCOUNT", "No such account for a share"
