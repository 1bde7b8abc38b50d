"""Requests to where others said: to checked addresses of the names they gave, and to no others."""

from bezant.kernel.outbound.addresses import is_loopback, is_public
from bezant.kernel.outbound.network import (
    CheckedNetwork,
    NotConnected,
    Resolver,
    Streams,
    SystemResolver,
)
from bezant.kernel.outbound.targets import (
    URL_CHARACTERS_MAX,
    Target,
    TargetRefused,
    read_target,
)

__all__ = [
    "URL_CHARACTERS_MAX",
    "CheckedNetwork",
    "NotConnected",
    "Resolver",
    "Streams",
    "SystemResolver",
    "Target",
    "TargetRefused",
    "is_loopback",
    "is_public",
    "read_target",
]
