"""Why a request about holders is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class HolderNotFound(NotFound):
    """The user holds no such account, or it is another tenant's."""

    code, title = "HOLDER_NOT_FOUND", "No such holder"


class UnknownUser(Refusal):
    """The user in the body does not exist, or is disabled."""

    status, code, title = 422, "UNKNOWN_USER", "No such user"


class AlreadyHolder(Conflict):
    """The user holds the account as it is."""

    code, title = "ALREADY_HOLDER", "The user holds the account"
