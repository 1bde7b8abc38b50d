"""Key sets that others publish.

Where keys are published is an address that somebody else chose. It is connected to as webhooks are:
public addresses only, the name verified by TLS, no redirects; and what comes is bounded.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, Final

import httptools
import httpx

from bezant.identity.jose.errors import JoseRefused
from bezant.identity.jose.keys import PublicKey, read_public_keys
from bezant.kernel.errors import Refusal
from bezant.kernel.http import BodyDecoder
from bezant.kernel.outbound import CheckedNetwork, NotConnected, Streams, Target, TargetRefused
from bezant.kernel.outbound import read_target as read

FETCH_SECONDS_MAX: Final = 5.0
ANSWER_BYTES_MAX: Final = 64 * 1024
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

    @property
    def allow_loopback(self) -> bool:
        """Whether this machine's addresses are taken too."""
        return self._allow_loopback

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
        return self.reachable(url)

    def reachable(self, url: str) -> Target:
        """Where a message to a client would go: for development also to this machine, by HTTP.

        Raises:
            JoseRefused: it is nowhere that is connected to.
        """
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
