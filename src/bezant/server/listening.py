"""The listening socket: bound once by the parent, inherited by the workers."""

import errno
import socket
from typing import Final

from bezant.server.errors import AddressUnusable, PortTaken

# Connections that wait for a worker to accept them. The kernel lowers it to its own limit.
_BACKLOG: Final = 2048
_LOOPBACK: Final = frozenset({"", "0.0.0.0", "::", "127.0.0.1", "::1"})  # noqa: S104 - not bound to


def listen(host: str, port: int, option: str = "") -> socket.socket:
    """A TCP socket that listens.

    Connections made before the first worker runs wait in the socket's queue. Listening at once, and
    not only binding, is what makes a second program on the port fail here and not later.

    Args:
        host: a name or address of this machine; `0.0.0.0` and `::` are all of them.
        port: 0 lets the kernel choose a free one.
        option: what the names of its options begin with.

    Raises:
        PortTaken: somebody else listens there.
        AddressUnusable: it is not ours to listen on.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise AddressUnusable(
            f"The address {host} cannot be resolved: {error.strerror}.",
            f"Give an address or a name of this machine with --{option}host.",
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        # Without it, a restart would fail while connections of the last run are in TIME_WAIT.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _explained(error, host, port, option) from error
    listener.setblocking(False)
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """The origin of what is served there, as clients on this machine call it."""
    name = f"[{host}]" if ":" in host else host
    if host in _LOOPBACK:
        name = "localhost"
    return f"https://{name}:{listener.getsockname()[1]}"


def _explained(error: OSError, host: str, port: int, option: str) -> PortTaken | AddressUnusable:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Another program listens on port {port} of {host}.",
            f"Stop it, or choose another port with --{option}port.",
        )
    if error.errno == errno.EACCES:
        return AddressUnusable(
            f"Port {port} needs more rights than this user has.",
            f"Choose a port from 1024 on with --{option}port, such as 8443.",
        )
    return AddressUnusable(
        f"Cannot listen on {host}, port {port}: {error.strerror}.",
        f"Give an address of this machine with --{option}host.",
    )
