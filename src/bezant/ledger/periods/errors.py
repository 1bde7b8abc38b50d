"""Why closing and reopening decline."""

from bezant.kernel.errors import Conflict, Forbidden, NotFound, Refusal


class ReopeningNotFound(NotFound):
    """The period has no request to reopen it under this id."""

    code, title = "REOPENING_NOT_FOUND", "No such request"


class ReopeningPending(Conflict):
    """Somebody has asked to reopen the period: approve that request, or withdraw it."""

    code, title = "REOPENING_PENDING", "A request to reopen is pending"


class ReopeningNotPending(Conflict):
    """The request was approved or withdrawn, has expired, or lapsed when a later period closed."""

    code, title = "REOPENING_NOT_PENDING", "The request is not pending"


class SecondActorNeeded(Forbidden):
    """Who asked to reopen a period does not approve it: that takes a second actor."""

    code, title = "SECOND_ACTOR_NEEDED", "Another actor has to approve this"


class ClosingAccountMismatch(Refusal):
    """Closing entries go to an account of equity in the asset that they close."""

    status, code, title = 422, "CLOSING_ACCOUNT_MISMATCH", "The account takes no closing entries"
