"""Why a decision about an authorization request is declined."""

from bezant.kernel.errors import Forbidden, NotFound


class InteractionOver(NotFound):
    """No such interaction in this browser: answered, expired, or begun elsewhere."""

    code, title = "INTERACTION_OVER", "The request is over"


class LoginTooWeak(Forbidden):
    """The login is weaker, or longer ago, than what the client asked for."""

    code, title = "LOGIN_TOO_WEAK", "A stronger or newer login is needed"
