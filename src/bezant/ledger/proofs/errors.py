"""Why a proof cannot be given."""

from bezant.kernel.errors import Refusal


class LogSizeOutOfRange(Refusal):
    """The log has not had this size, or the transaction was not in it yet."""

    status, code, title = 422, "LOG_SIZE_OUT_OF_RANGE", "The log does not allow this size"
