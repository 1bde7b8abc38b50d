"""Sessions of users and operators, which end everywhere within a second of their revocation."""

from bezant.kernel.sessions.errors import SessionEnded
from bezant.kernel.sessions.service import OpenedSession, Session, Sessions

__all__ = ["OpenedSession", "Session", "SessionEnded", "Sessions"]
