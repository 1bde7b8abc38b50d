"""Clients' keys: those that were registered, or those that a client publishes.

Where keys are published is an address that somebody else chose. It is connected to as webhooks are:
public addresses only, the name verified by TLS, no redirects; and what comes is bounded.
"""

import asyncio
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

import httptools
import httpx

from bezant.identity.clients.domain import Client
from bezant.identity.jose.errors import JoseRefused
from bezant.identity.jose.keys import PublicKey, read_public_keys
from bezant.kernel.errors import Refusal
from bezant.kernel.http.bodies import BodyDecoder
from bezant.kernel.outbound import CheckedNetwork, NotConnected, Streams, Target, TargetRefused
from bezant.kernel.outbound import read_target as read

FETCH_SECONDS_MAX: Final = 5.0
ANSWER_BYTES_MAX: Final = 64 * 1024
FRESH_S: Final = 300.0
"""How long keys are used before they are fetched again: the bound on a removed key's life."""

RETRY_S: Final = 10.0
"""How soon a set may be fetched again for a key that it did not have."""

SETS_MAX: Final = 1_000
_CHUNK_BYTES: Final = 16 * 1024
_OK: Final = 200
_SET: Final = BodyDecoder(dict[str, Any], takes_card_numbers=True)


class KeyFetcher:
    """Fetches key sets.

    Args:
        network: connects to checked addresses.
        allow_loopback: take this machine's addresses too, for development.
        tls: trusts the authorities of those who publish; by default the public ones.
    """

    def __init__(
        self, network: CheckedNetwork, *, allow_loopback: bool, tls: ssl.SSLContext | None = None
    ) -> None:
        self._network = network
        self._allow_loopback = allow_loopback
        self._tls = tls or httpx.create_ssl_context(trust_env=False)

    def close(self) -> None:
        """End the look-ups of names."""
        self._network.close()

    def target(self, url: str) -> Target:
        """Where a set would be fetched.

        Raises:
            JoseRefused: it is nowhere that is connected to.
        """
        if not url.startswith("https://"):
            raise JoseRefused("The address of keys begins with https://.")
        try:
            return read(url, allow_loopback=self._allow_loopback)
        except TargetRefused as refused:
            raise JoseRefused(str(refused)) from None

    async def fetch(self, url: str) -> Sequence[PublicKey]:
        """The keys that are published there.

        Raises:
            JoseRefused: nothing came in time, or no set of keys.
        """
        target = self.target(url)
        try:
            async with asyncio.timeout(FETCH_SECONDS_MAX):
                streams = await self._network.connect(target, self._tls)
                try:
                    body = await _get(streams, target)
                finally:
                    streams[1].transport.abort()
            return read_public_keys(_SET.decode(body))
        except (NotConnected, TimeoutError, OSError, Refusal):
            raise JoseRefused("The keys of the client cannot be fetched.") from None


class ClientKeys:
    """The keys of clients, by value or from where they are published.

    Args:
        fetcher: fetches those that are published.
        monotonic: seconds, from any start.
    """

    def __init__(
        self, fetcher: KeyFetcher, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetcher = fetcher
        self._monotonic = monotonic
        self._sets: OrderedDict[str, tuple[float, Sequence[PublicKey]]] = OrderedDict()
        self._fetches: dict[str, asyncio.Task[Sequence[PublicKey]]] = {}

    async def of(self, client: Client, kid: str | None) -> Sequence[PublicKey]:
        """A client's keys, new enough to have `kid` if it was published.

        Raises:
            JoseRefused: it has none, or they cannot be fetched.
        """
        if client.jwks is not None:
            return read_public_keys(client.jwks)
        if client.jwks_uri is None:
            raise JoseRefused("The client has no keys.")
        held = self._sets.get(client.jwks_uri)
        if held is not None:
            age_s = self._monotonic() - held[0]
            is_known = any(kid is None or key.kid == kid for key in held[1])
            if age_s < (FRESH_S if is_known else RETRY_S):
                return held[1]
        return await asyncio.shield(self._fetch(client.jwks_uri))

    def _fetch(self, url: str) -> "asyncio.Task[Sequence[PublicKey]]":
        """The fetch that is under way, or a new one: a client's clients do not multiply it."""
        task = self._fetches.get(url)
        if task is None:
            task = asyncio.create_task(self._fetch_now(url))
            self._fetches[url] = task
            task.add_done_callback(lambda done: self._fetched(url, done))
        return task

    def _fetched(self, url: str, done: "asyncio.Task[Sequence[PublicKey]]") -> None:
        del self._fetches[url]
        if not done.cancelled():
            done.exception()  # told to those who wait; one that nobody waits for is no fault

    async def _fetch_now(self, url: str) -> Sequence[PublicKey]:
        at = self._monotonic()
        keys: list[PublicKey] = []
        try:
            keys = list(await self._fetcher.fetch(url))
            return keys
        finally:
            # A failure too: strangers who name the client do not have it asked at their rate.
            self._sets[url] = (at, keys)
            self._sets.move_to_end(url)
            if len(self._sets) > SETS_MAX:
                self._sets.popitem(last=False)


class _Answer:
    """What the parser tells, as it goes."""

    def __init__(self) -> None:
        self.body = b""
        self.is_complete = False
        self.parser = httptools.HttpResponseParser(self)

    def on_body(self, chunk: bytes) -> None:
        """A part of the body."""
        self.body += chunk

    def on_message_complete(self) -> None:
        """The answer is there as a whole; an interim one is another message."""
        self.is_complete = self.parser.get_status_code() >= _OK


async def _get(streams: Streams, target: Target) -> bytes:
    """The body of a 200. A redirect is an answer like any other: refused."""
    reader, writer = streams
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        "Accept: application/jwk-set+json, application/json",
        "Accept-Encoding: identity",
        "User-Agent: Bezant/1",
        "Connection: close",
    )
    writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii"))
    await writer.drain()
    answer, read_bytes = _Answer(), 0
    while not answer.is_complete:
        chunk = await reader.read(_CHUNK_BYTES)
        read_bytes += len(chunk)
        if not chunk or read_bytes > ANSWER_BYTES_MAX:
            raise JoseRefused("The keys of the client cannot be fetched.")
        try:
            answer.parser.feed_data(chunk)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise JoseRefused("The keys of the client cannot be fetched.") from None
    if answer.parser.get_status_code() != _OK:
        raise JoseRefused("The keys of the client cannot be fetched.")
    return answer.body
