"""Why a request about fees is declined."""

from bezant.kernel.errors import NotFound, Refusal


class FeeNotAgreed(Refusal):
    """The terms that the account is under have no fee of this code."""

    status, code, title = 422, "FEE_NOT_AGREED", "No such fee is agreed on"


class FeeWaiverNotFound(NotFound):
    """The account has no such waiver, or it was ended."""

    code, title = "FEE_WAIVER_NOT_FOUND", "No such waiver"
