"""Why an authorization request is not answered."""

from bezant.kernel.errors import Conflict, Forbidden


class InteractionOver(Conflict):
    """The request is unknown, answered, expired, or was begun in another browser."""

    code, title = "INTERACTION_OVER", "The authorization request is over"


class LoginTooWeak(Forbidden):
    """The login is weaker, or older, than the client asked for."""

    code, title = "LOGIN_TOO_WEAK", "A stronger login is needed"
