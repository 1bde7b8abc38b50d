"""An agent that calls the API over HTTPS: connections kept alive, one request at a time on each.

It speaks HTTP/1.1 itself, on bare transports, so that little of the machine goes to the client.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Final, cast
from urllib.parse import urlsplit
from uuid import uuid4

from msgspec import Struct

from bezant.cli.bench.agent import Rounds, percentile, serve

_HANDSHAKES_AT_ONCE: Final = 8
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class Load(StrEnum):
    """What is asked for."""

    POST = "post"
    BALANCE = "balance"
    HANDSHAKE = "handshake"


class Setup(Struct, frozen=True):
    """Where to call, as whom, and what of."""

    url: str
    ca: str
    api_key: str
    book: str
    accounts: list[str]


class Ready(Struct, frozen=True):
    """It can begin."""


class Round(Struct, frozen=True):
    """What to ask for, on how many connections, for how long."""

    load: Load
    connections: int
    seconds: float


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
    """What a round's connections share."""

    until: float
    latencies: list[float] = field(default_factory=list)


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
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
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
        if not head.startswith(b"HTTP/1.1 2"):
            self._end(RuntimeError((head + end + body).decode(errors="replace")))
            return
        self._tally.latencies.append(now - self._sent)
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


class _Caller:
    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        parts = urlsplit(setup.url)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._trust = ssl.create_default_context(cafile=setup.ca)
        self._common = (
            f"host: {parts.netloc}\r\nauthorization: Bearer {setup.api_key}\r\n"
            "content-type: application/json\r\n"
        )
        self._numbers = count()
        self._run = uuid4().hex

    async def run(self, asked: Round) -> Outcome:
        request = {
            Load.POST: self._transfer,
            Load.BALANCE: self._balance,
            Load.HANDSHAKE: self._health,
        }[asked.load]
        started = time.perf_counter()
        tally = _Tally(started + asked.seconds)
        if asked.load is Load.HANDSHAKE:
            each = (self._connect_again(request, tally) for _ in range(_HANDSHAKES_AT_ONCE))
        else:
            each = (self._connect(request, tally) for _ in range(asked.connections))
        await asyncio.gather(*each)
        taken = time.perf_counter() - started
        p50, p99 = (percentile(tally.latencies, per_cent) * 1000 for per_cent in (50, 99))
        return Outcome(len(tally.latencies), taken, p50, p99)

    async def _connect(self, request: Callable[[], bytes], tally: _Tally) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(request, tally), self._host, self._port, ssl=self._trust
        )
        await connection.done

    async def _connect_again(self, request: Callable[[], bytes], tally: _Tally) -> None:
        """A new connection for every request."""
        while True:
            await self._connect(request, _Tally(0.0, tally.latencies))
            if time.perf_counter() >= tally.until:
                return

    def _transfer(self) -> bytes:
        number, accounts = next(self._numbers), self._setup.accounts
        debit, credit = (accounts[(number + side) % len(accounts)] for side in (0, 1))
        body = (
            f'{{"postings":[{{"debit":"{debit}","credit":"{credit}",'
            f'"asset":"EUR","amount":"{1 + number % 997}"}}]}}'
        )
        return (
            f"POST /v1/books/{self._setup.book}/transactions HTTP/1.1\r\n{self._common}"
            f"idempotency-key: {self._run}-{number}\r\ncontent-length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _balance(self) -> bytes:
        account = self._setup.accounts[next(self._numbers) % len(self._setup.accounts)]
        path = f"/v1/books/{self._setup.book}/accounts/{account}/balance"
        return f"GET {path} HTTP/1.1\r\n{self._common}\r\n".encode()

    def _health(self) -> bytes:
        return f"GET /health/live HTTP/1.1\r\n{self._common}\r\n".encode()


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Read the authority's certificate."""
    yield Ready(), _Caller(setup).run


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
