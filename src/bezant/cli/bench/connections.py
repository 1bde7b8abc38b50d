"""Connections that are kept busy: one request at a time on each, of HTTP/1.1 over TLS.

They speak it themselves, on bare transports, so that little of the machine goes to the client.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, repeat
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from msgspec import Struct

from bezant.cli.bench.agent import percentile

_HANDSHAKES_AT_ONCE: Final = 8
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
# A form that was taken sends the browser on.
_GOOD: Final = (b"HTTP/1.1 2", b"HTTP/1.1 303 ")


class Outcome(Struct, frozen=True):
    """What a round came to."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


@dataclass(slots=True)
class _Tally:
    """What a round's connections share.

    Attributes:
        until: when the last requests are sent.
        due: when the next requests are due, where they come at a pace; None where each follows the
            answer before it.
        answered: told each body, and when its request was due.
    """

    until: float = 0.0
    latencies: list[float] = field(default_factory=list)
    must_hold: bytes = b""
    due: Iterator[float] | None = None
    answered: Callable[[bytes, float], None] | None = None


class _Connection(asyncio.Protocol):
    """One connection: sends the next request when the last is answered, until time is up."""

    def __init__(self, request: Callable[[], bytes], tally: _Tally) -> None:
        self._request = request
        self._tally = tally
        self._received = b""
        self._sent = 0.0
        self._transport: asyncio.WriteTransport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # That of uvloop derives from no class of asyncio's.
        self._transport = cast("asyncio.WriteTransport", transport)

    def begin(self) -> None:
        """Send the first request."""
        self._send()

    def _send(self) -> None:
        now = time.perf_counter()
        # A request that is late has waited for the platform: its time runs from when it was due.
        self._sent = now if self._tally.due is None else next(self._tally.due)
        if self._sent > now:
            asyncio.get_running_loop().call_later(self._sent - now, self._write)
        else:
            self._write()

    def _write(self) -> None:
        assert self._transport is not None
        self._transport.write(self._request())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_HEAD_END)
        if not end:
            return
        # Header names come in lower case from the platform's server.
        length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        now = time.perf_counter()
        self._received = b""
        if not head.startswith(_GOOD) or self._tally.must_hold not in body:
            self._end(RuntimeError((head + end + body).decode(errors="replace")))
            return
        self._tally.latencies.append(now - self._sent)
        if self._tally.answered is not None:
            self._tally.answered(body, self._sent)
        if now < self._tally.until:
            self._send()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionError("the platform closed the connection"))

    def _end(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
        if self._transport is not None:
            self._transport.close()


class Origin:
    """Where requests go, and as whom.

    Args:
        url: the platform's.
        ca: the certificate of the authority to trust.
        api_key: of requests to the API; protocol endpoints and pages take none.
        certificate: a file with one and its key, to connect with.
        sources: addresses to connect from, in turns; by default from the machine's own.

    Attributes:
        common: the headers of every request to the API.
    """

    def __init__(
        self,
        url: str,
        ca: str,
        api_key: str = "",
        certificate: Path | None = None,
        sources: Sequence[str] = (),
    ) -> None:
        self._sources = cycle((source, 0) for source in sources) if sources else repeat(None)
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._trust = ssl.create_default_context(cafile=ca)
        if certificate is not None:
            self._trust.load_cert_chain(certificate)
        self._to = f"host: {parts.netloc}\r\n"
        self.common = (
            f"{self._to}authorization: Bearer {api_key}\r\ncontent-type: application/json\r\n"
        )

    def post(self, path: str, key: str, body: str) -> bytes:
        """A request that changes something."""
        return (
            f"POST {path} HTTP/1.1\r\n{self.common}idempotency-key: {key}\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}"
        ).encode("ascii")

    def get(self, path: str) -> bytes:
        """A request that reads."""
        return f"GET {path} HTTP/1.1\r\n{self.common}\r\n".encode("ascii")

    def form(self, path: str, body: str, headers: str = "") -> bytes:
        """A form for a protocol endpoint or a page."""
        return (
            f"POST {path} HTTP/1.1\r\n{self._to}{headers}"
            "content-type: application/x-www-form-urlencoded\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}"
        ).encode("ascii")

    def page(self, path: str, headers: str = "") -> bytes:
        """A request for a page."""
        return f"GET {path} HTTP/1.1\r\n{self._to}{headers}\r\n".encode("ascii")

    async def keep_asking(
        self,
        request: Callable[[], bytes],
        connections: int,
        seconds: float,
        must_hold: bytes = b"",
    ) -> Outcome:
        """Send the next request on each connection when its last one is answered.

        Args:
            request: makes the next.
            connections: how many.
            seconds: how long.
            must_hold: what is in the body of each good answer.
        """
        tally = _Tally(must_hold=must_hold)
        opened = await self._open(request, tally, connections)
        return await _keep_busy(opened, tally, seconds)

    async def keep_pace(
        self,
        request: Callable[[], bytes],
        connections: int,
        per_second: int,
        seconds: float,
        answered: Callable[[bytes, float], None] | None = None,
    ) -> Outcome:
        """Send requests at a pace, whatever became of those before.

        Args:
            request: makes the next.
            connections: as many as are ever under way together, or more; each stands before the
                first request is due.
            per_second: the pace.
            seconds: how long.
            answered: told each body, and when its request was due (`time.perf_counter`).
        """
        tally = _Tally(answered=answered)
        opened = await self._open(request, tally, connections)
        tally.due = count(time.perf_counter(), 1 / per_second)
        return await _keep_busy(opened, tally, seconds)

    async def keep_connecting(self, request: Callable[[], bytes], seconds: float) -> Outcome:
        """A new connection for every request."""
        started = time.perf_counter()
        tally = _Tally(started + seconds)
        each = (self._connect_again(request, tally) for _ in range(_HANDSHAKES_AT_ONCE))
        await asyncio.gather(*each)
        return _outcome(tally, started)

    async def _open(
        self, request: Callable[[], bytes], tally: _Tally, connections: int
    ) -> list[_Connection]:
        """Connections that stand before the first of them is used: handshakes are no requests."""
        connecting = (self._connect(request, tally) for _ in range(connections))
        return await asyncio.gather(*connecting)

    async def _connect(self, request: Callable[[], bytes], tally: _Tally) -> _Connection:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(request, tally),
            self._host,
            self._port,
            ssl=self._trust,
            local_addr=next(self._sources),
        )
        return connection

    async def _connect_again(self, request: Callable[[], bytes], tally: _Tally) -> None:
        while True:
            connection = await self._connect(request, _Tally(0.0, tally.latencies))
            connection.begin()
            await connection.done
            if time.perf_counter() >= tally.until:
                return


async def _keep_busy(opened: Sequence[_Connection], tally: _Tally, seconds: float) -> Outcome:
    started = time.perf_counter()
    tally.until = started + seconds
    for connection in opened:
        connection.begin()
    await asyncio.gather(*(connection.done for connection in opened))
    return _outcome(tally, started)


def _outcome(tally: _Tally, started: float) -> Outcome:
    taken = time.perf_counter() - started
    p50, p99 = (percentile(tally.latencies, per_cent) * 1000 for per_cent in (50, 99))
    return Outcome(len(tally.latencies), taken, p50, p99)
