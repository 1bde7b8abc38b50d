"""One request and its answer, over a connection to a checked address.

Redirects are answers like any other. The answer is bounded in size and time; what was not read is
said to be withheld, since the request was sent all the same.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import httptools
import httpx

from bezant.kernel.outbound import CheckedNetwork, Streams, SystemResolver, Target

ANSWER_BYTES_MAX: Final = 256 << 10
SECONDS_MAX: Final = 20.0

_HEAD_BYTES_MAX: Final = 64 << 10
_CHUNK_BYTES: Final = 16 << 10
_FINAL: Final = 200

Withheld = Literal["too_large", "not_text", "encoded", "cut"]


class Outbound:
    """How requests leave.

    Args:
        network: connects, to checked addresses only.
        tls: trusts the authorities of receivers' certificates; by default the public ones. The
            environment cannot change them.
        allow_loopback: this machine may be a destination, on any port, for development.
        seconds_max: the bound on one request, from the look-up of the name to the answer.
    """

    def __init__(
        self,
        network: CheckedNetwork | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        allow_loopback: bool = False,
        seconds_max: float = SECONDS_MAX,
    ) -> None:
        self.network = network or CheckedNetwork(SystemResolver(), allow_loopback=allow_loopback)
        self.tls = tls or httpx.create_ssl_context(trust_env=False)
        self.allow_loopback = allow_loopback
        self.seconds_max = seconds_max

    def close(self) -> None:
        """End the look-ups."""
        self.network.close()


class NoHead(Exception):  # noqa: N818 - what is the case
    """The request was written, at least in part, and no answer came that can be read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; `body` is None where it is withheld."""

    status: int
    content_type: str | None
    body: str | None
    withheld: Withheld | None


class _Answer:
    """What the parser tells, as it goes."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.body = bytearray()
        self.has_head = self.is_complete = self.is_broken = False
        self.parser = httptools.HttpResponseParser(self)

    def read(self, chunk: bytes) -> None:
        """Go on with what came."""
        try:
            self.parser.feed_data(chunk)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.is_broken = True

    def on_message_begin(self) -> None:
        """An interim answer may have come before (RFC 9110, section 15.2)."""
        self.headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head."""
        self.headers[name.lower()] = value.strip()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self.has_head = self.parser.get_status_code() >= _FINAL

    def on_body(self, chunk: bytes) -> None:
        """A part of the body, of which no more is kept than may be answered."""
        if len(self.body) <= ANSWER_BYTES_MAX:
            self.body += chunk

    def on_message_complete(self) -> None:
        """The answer is there as a whole."""
        self.is_complete = self.has_head

    @property
    def ends_with_connection(self) -> bool:
        """Whether the body's length is told by nothing else (RFC 9112, section 6.3)."""
        return not self.headers.keys() & {b"content-length", b"transfer-encoding"}


async def exchange(
    streams: Streams,
    target: Target,
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    seconds_max: float,
) -> Reply:
    """Send a request and read its answer; the connection is closed afterwards.

    Raises:
        NoHead: whether the receiver acted on it is not known.
    """
    reader, writer = streams
    fields = {
        "Host": target.authority,
        "Content-Length": str(len(body)),
        "User-Agent": "Bezant-Vault/1",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **headers,
    }
    head = [f"{method} {target.path} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items()), "", ""]
    answer = _Answer()
    try:
        async with asyncio.timeout(seconds_max):
            writer.write("\r\n".join(head).encode("ascii") + body)
            await writer.drain()
            await _read(reader, answer)
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        if not answer.has_head:
            raise NoHead("No answer came.") from error
        answer.is_broken = True
    finally:
        writer.transport.abort()
    return _reply(answer)


async def _read(reader: asyncio.StreamReader, answer: _Answer) -> None:
    read = 0
    while not (answer.is_complete or answer.is_broken):
        chunk = await reader.read(_CHUNK_BYTES)
        if not chunk:
            answer.is_complete = answer.has_head and answer.ends_with_connection
            answer.is_broken = not answer.is_complete
            break
        read += len(chunk)
        answer.read(chunk)
        if not answer.has_head and read > _HEAD_BYTES_MAX:
            break
        if len(answer.body) > ANSWER_BYTES_MAX:
            return
    if not answer.has_head:
        raise NoHead("What came is no answer.")


def _reply(answer: _Answer) -> Reply:
    status = answer.parser.get_status_code()
    content_type = answer.headers.get(b"content-type", b"").decode("latin-1")[:200] or None
    body, withheld = _text_of(answer)
    return Reply(status, content_type, body, withheld)


def _text_of(answer: _Answer) -> tuple[str | None, Withheld | None]:
    """The body, if all of it is there and it is text, in which echoes can be found."""
    if len(answer.body) > ANSWER_BYTES_MAX:
        return None, "too_large"
    if not answer.is_complete:
        return None, "cut"
    if answer.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        return None, "encoded"
    try:
        return answer.body.decode(), None
    except UnicodeDecodeError:
        return None, "not_text"
