"""Connections to addresses that were checked, and to no others.

A name is resolved once per connection; every address that it has must be public, and the connection
goes to one of these, while TLS verifies the name. There is no second look-up in between that could
answer differently (DNS rebinding). Proxies and the environment's settings are not looked at.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from bezant.kernel.outbound.addresses import is_loopback, is_public
from bezant.kernel.outbound.targets import Target

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_ADDRESSES_TRIED_MAX: Final = 4
_CONNECT_SECONDS_MAX: Final = 5.0
_LOOK_UPS_AT_ONCE: Final = 16
_READ_AHEAD_BYTES: Final = 16 << 10


class Resolver(Protocol):
    """Where a name's addresses come from."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Every address, as text.

        Raises:
            OSError: there is none.
        """
        ...

    def close(self) -> None:
        """Ask nobody any more."""
        ...


class SystemResolver:
    """The machine's resolver, on threads of its own: a slow name server delays nobody else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOK_UPS_AT_ONCE, thread_name_prefix="outbound-dns")

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Every address of a name, or the address itself."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class NotConnected(Exception):  # noqa: N818 - what is the case
    """There is no connection.

    Attributes:
        reason: `dns_failed`, `address_refused`, `connect_failed` or `tls_failed`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CheckedNetwork:
    """Connects to checked addresses.

    Args:
        resolver: tells the addresses of a name.
        allow_loopback: take this machine's own too, for development.
    """

    def __init__(self, resolver: Resolver, *, allow_loopback: bool) -> None:
        self._resolver = resolver
        self._allow_loopback = allow_loopback

    def close(self) -> None:
        """End the resolver."""
        self._resolver.close()

    async def connect(self, target: Target, tls: ssl.SSLContext) -> Streams:
        """Connect to the first address that answers, if all of them may be connected to.

        Raises:
            NotConnected: saying why.
        """
        try:
            addresses = await self._resolver.resolve(target.host, target.port)
        except (OSError, UnicodeError):
            raise NotConnected("dns_failed") from None
        if not addresses:
            raise NotConnected("dns_failed")
        # One that is not public spoils them all: which is used would be up to whoever set them.
        if not all(map(self._may_be_used, addresses)):
            raise NotConnected("address_refused")
        for address in addresses[:_ADDRESSES_TRIED_MAX]:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS_MAX):
                    return await self._open(target, address, tls)
            except ssl.SSLError as error:
                raise NotConnected("tls_failed") from error
            except (OSError, TimeoutError):
                continue  # the next one may answer
        raise NotConnected("connect_failed")

    async def _open(self, target: Target, address: str, tls: ssl.SSLContext) -> Streams:
        if target.scheme != "https":
            return await asyncio.open_connection(address, target.port, limit=_READ_AHEAD_BYTES)
        return await asyncio.open_connection(
            address,
            target.port,
            ssl=tls,
            server_hostname=target.host,
            limit=_READ_AHEAD_BYTES,
        )

    def _may_be_used(self, address: str) -> bool:
        return is_public(address) or (self._allow_loopback and is_loopback(address))
