"""Sending to addresses that were checked, and to no others.

A name is resolved once per connection; every address that it has must be public, and the connection
goes to one of these, while TLS verifies the name. There is no second look-up in between that could
answer differently (DNS rebinding). Redirects are answers like any other, proxies and the
environment's settings for them are not looked at.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import perf_counter
from typing import Any, Final, Protocol

import httpcore
import httpx

from bezant.kernel.clock import Clock
from bezant.kernel.webhooks.addresses import is_loopback, is_public
from bezant.kernel.webhooks.targets import Target

ATTEMPT_SECONDS_MAX: Final = 15.0
"""From the look-up of the name to the end of the answer."""

_CONNECT_SECONDS_MAX: Final = 5.0
_ANSWER_BYTES_MAX: Final = 16 << 10
_ADDRESSES_TRIED_MAX: Final = 4
_CONNECTIONS_MAX: Final = 256
_CONNECTIONS_KEPT_MAX: Final = 64
_CONNECTION_KEPT_S: Final = 30.0
_LOOK_UPS_AT_ONCE: Final = 16
_RETRY_AFTER_CHARACTERS_MAX: Final = 40


class SendFailed(Exception):  # noqa: N818 - what happened
    """No answer was had.

    Attributes:
        reason: `dns_failed`, `address_refused`, `connect_failed`, `tls_failed`, `timed_out` or
            `answer_malformed`.
        elapsed_s: how long it took to find out.
    """

    def __init__(self, reason: str, elapsed_s: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.elapsed_s = elapsed_s


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered. Its body is nobody's business.

    Attributes:
        status: the HTTP status.
        retry_after_s: for how long it asks to be left alone; None when it does not.
        elapsed_s: from the look-up to the end of the answer.
    """

    status: int
    retry_after_s: int | None
    elapsed_s: float


class Resolver(Protocol):
    """Where a name's addresses come from."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Every address, as text.

        Raises:
            OSError: there is none.
        """
        ...


class SystemResolver:
    """The machine's resolver, on threads of its own: a slow name server delays nobody else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOK_UPS_AT_ONCE, thread_name_prefix="webhook-dns")

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


class _AddressRefused(Exception):  # noqa: N818 - the address is declined
    """A name has an address that is not public."""


class _NameUnknown(Exception):  # noqa: N818 - what is the case
    """A name has no address."""


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """TCP connections to checked addresses.

    Args:
        resolver: tells the addresses of a name.
        allow_loopback: take this machine's own too, for development.
    """

    def __init__(self, resolver: Resolver, *, allow_loopback: bool) -> None:
        self._resolver = resolver
        self._allow_loopback = allow_loopback
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: "Iterable[httpcore.SOCKET_OPTION] | None" = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers, if all of them may be connected to."""
        try:
            addresses = await self._resolver.resolve(host, port)
        except OSError as error:
            raise _NameUnknown from error
        if not addresses:
            raise _NameUnknown
        # One that is not public spoils them all: which is used would be up to whoever set them.
        if not all(map(self._may_be_used, addresses)):
            raise _AddressRefused
        failure: Exception | None = None
        for address in addresses[:_ADDRESSES_TRIED_MAX]:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the library's signature
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - as above
        socket_options: "Iterable[httpcore.SOCKET_OPTION] | None" = None,  # noqa: ARG002 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: nothing outside this machine is behind one."""
        raise _AddressRefused

    async def sleep(self, seconds: float) -> None:
        """Wait, as the library asks for between its own retries, of which there are none."""
        await self._network.sleep(seconds)

    def _may_be_used(self, address: str) -> bool:
        return is_public(address) or (self._allow_loopback and is_loopback(address))


class Sender:
    """Sends messages, each within a bounded time and reading a bounded answer.

    Args:
        network: connects.
        clock: tells how far a `Retry-After` date is.
        tls: trusts the authorities that receivers' certificates come from; by default the public
            ones. The environment cannot change them.
        attempt_seconds_max: the bound on one attempt.
    """

    def __init__(
        self,
        network: CheckedNetwork,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        attempt_seconds_max: float = ATTEMPT_SECONDS_MAX,
    ) -> None:
        self._clock = clock
        self._attempt_seconds_max = attempt_seconds_max
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(trust_env=False),
            max_connections=_CONNECTIONS_MAX,
            max_keepalive_connections=_CONNECTIONS_KEPT_MAX,
            keepalive_expiry=_CONNECTION_KEPT_S,
            http1=True,
            http2=False,
            retries=0,
            network_backend=network,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Reply:
        """POST a message.

        Raises:
            SendFailed: no answer was had.
        """
        started = perf_counter()
        try:
            async with asyncio.timeout(self._attempt_seconds_max):
                status, answered = await self._exchange(target, headers, body)
        except (TimeoutError, httpcore.TimeoutException):
            reason = "timed_out"
        except _NameUnknown:
            reason = "dns_failed"
        except _AddressRefused:
            reason = "address_refused"
        except httpcore.ConnectError as error:
            reason = "tls_failed" if _is_of_tls(error) else "connect_failed"
        except (httpcore.NetworkError, httpcore.ProtocolError):
            reason = "answer_malformed"
        else:
            elapsed_s = perf_counter() - started
            return Reply(status, self._retry_after_s(answered), elapsed_s)
        raise SendFailed(reason, perf_counter() - started)

    async def _exchange(
        self, target: Target, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]]]:
        # The parts as they were read, so that the library does not read a URL in its own way.
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        sent = {
            "host": target.authority,
            "content-type": "application/json",
            "content-length": str(len(body)),
            "user-agent": "Bezant-Webhooks/1",
            **headers,
        }
        extensions: dict[str, Any] = {
            "timeout": {
                "connect": _CONNECT_SECONDS_MAX,
                "pool": self._attempt_seconds_max,
                "read": self._attempt_seconds_max,
                "write": self._attempt_seconds_max,
            }
        }
        async with self._pool.stream(
            "POST", url, headers=list(sent.items()), content=body, extensions=extensions
        ) as response:
            read = 0
            async for chunk in response.aiter_stream():
                read += len(chunk)
                if read > _ANSWER_BYTES_MAX:
                    break  # leaving early closes the connection
            return response.status, response.headers

    def _retry_after_s(self, headers: list[tuple[bytes, bytes]]) -> int | None:
        """Seconds or a date (RFC 9110, section 10.2.3)."""
        for name, value in headers:
            if name.lower() == b"retry-after":
                text = value.decode("latin-1").strip()
                if text.isascii() and text.isdigit() and len(text) <= _RETRY_AFTER_CHARACTERS_MAX:
                    return int(text)
                try:
                    until = parsedate_to_datetime(text[:_RETRY_AFTER_CHARACTERS_MAX])
                    return max(0, int((until - self._clock.now()).total_seconds()))
                except (TypeError, ValueError, OverflowError):
                    return None
        return None


def _is_of_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
