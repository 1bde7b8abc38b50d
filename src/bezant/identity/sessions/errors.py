"""Why somebody is not let in. None of these tells whether a user exists."""

from bezant.identity.tickets import TicketOver
from bezant.kernel.errors import Busy, NotFound, Unauthenticated
from bezant.kernel.sessions import SessionEnded

__all__ = ["LinkOver", "LoginRefused", "SessionEnded", "TicketOver", "TooManyAttempts"]


class LoginRefused(Unauthenticated):
    """Wrong, unknown, disabled, or used before: one answer for all."""

    code, title = "LOGIN_REFUSED", "That did not work"


class LinkOver(NotFound):
    """The link is unknown, used or expired."""

    code, title = "LINK_OVER", "The link is over"


class TooManyAttempts(Busy):
    """Try again after `Retry-After`."""

    code, title = "TOO_MANY_ATTEMPTS", "Too many attempts"
