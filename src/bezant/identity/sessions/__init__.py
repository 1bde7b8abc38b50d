"""Browser sessions: who is logged in, where, and how a login comes about."""

from bezant.identity.sessions import errors, ports
from bezant.identity.sessions.browsing import Browsing
from bezant.identity.sessions.links import Entrance, OperatorLinks
from bezant.identity.sessions.throttle import Counted, Throttle, network_of

__all__ = [
    "Browsing",
    "Counted",
    "Entrance",
    "OperatorLinks",
    "Throttle",
    "errors",
    "network_of",
    "ports",
]
