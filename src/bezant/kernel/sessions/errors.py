"""Refusals of sessions."""

from bezant.kernel.errors import Unauthenticated


class SessionEnded(Unauthenticated):
    """The session is unknown, expired, idle for too long, revoked, or was replaced."""

    code, title = "SESSION_ENDED", "The session has ended"
