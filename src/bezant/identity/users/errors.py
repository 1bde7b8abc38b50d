"""Why a request about users is declined."""

from bezant.kernel.errors import Conflict, NotFound


class UserNotFound(NotFound):
    """No such user, or another tenant's."""

    code, title = "USER_NOT_FOUND", "No such user"


class LoginNameTaken(Conflict):
    """Another user of the tenant logs in under this name, or is just being invited under it."""

    code, title = "LOGIN_NAME_TAKEN", "The login name is taken"


class UserDisabled(Conflict):
    """The user is disabled, and is let in by nothing."""

    code, title = "USER_DISABLED", "The user is disabled"


class LinkNotFitting(Conflict):
    """Who has not accepted an invitation has no password to reset, and the other way round."""

    code, title = "LINK_NOT_FITTING", "The user needs another kind of link"
