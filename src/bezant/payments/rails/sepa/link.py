"""The line to a clearing system: a message there, its answer back, over HTTPS."""

import asyncio
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

import aiohttp

from bezant.formats.iso20022 import MESSAGE_BYTES_MAX

XML: Final = "application/xml"
_CONNECT_S: Final = 3.0
_CONNECTIONS_MAX: Final = 100
_KEPT_ALIVE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class NotReached:
    """No connection was made: of the message, no byte has left."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The message may have arrived; what came back is no answer.

    Attributes:
        why: in capitals: `TIMEOUT`, `CUT_OFF`, `HTTP_503`, `TOO_LARGE`.
    """

    why: str


Heard = bytes | NotReached | NoAnswer


class CsmLink:
    """Connections to one clearing system, kept alive.

    Each instant payment is a message. The client that the platform has for other things takes as
    long for one as the rest of the payment does.

    Args:
        session: with what the system knows us by.
        url: of the system.
        answer_s: how long an answer is waited for.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, answer_s: float) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self.answer_s = answer_s

    @classmethod
    def to(cls, url: str, secret: str, answer_s: float, tls: ssl.SSLContext | None = None) -> Self:
        """A line. Called within the event loop that it is used in.

        Args:
            url: of the system, `https://…`.
            secret: that it knows us by.
            answer_s: how long an answer is waited for.
            tls: whose certificates are trusted, and which of ours is shown; None trusts those that
                the machine does, and shows none.
        """
        session = aiohttp.ClientSession(
            headers={
                "Authorization": f"Bearer {secret}",
                "Content-Type": XML,
                "Accept": XML,
                # What is compressed has no size before it is opened.
                "Accept-Encoding": "identity",
            },
            auto_decompress=False,
            connector=aiohttp.TCPConnector(
                ssl=tls or ssl.create_default_context(),
                limit=_CONNECTIONS_MAX,
                keepalive_timeout=_KEPT_ALIVE_S,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(_CONNECT_S, answer_s)),
        )
        return cls(session, url, answer_s)

    async def close(self) -> None:
        """End the connections."""
        await self._session.close()

    async def ask(self, path: str, message: bytes) -> Heard:
        """Send a message once, and wait for its answer. It is never repeated here."""
        try:
            # Of all of it: limits of each piece would let an answer that trickles go on for ever.
            async with asyncio.timeout(self.answer_s):
                return await self._heard(path, message)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return NotReached()
        except TimeoutError:
            return NoAnswer("TIMEOUT")
        except aiohttp.ClientError:
            return NoAnswer("CUT_OFF")

    async def _heard(self, path: str, message: bytes) -> bytes | NoAnswer:
        async with self._session.post(
            self._url + path, data=message, allow_redirects=False
        ) as response:
            if response.status != HTTPStatus.OK:
                return NoAnswer(f"HTTP_{response.status}")
            answer = bytearray()
            async for piece in response.content.iter_any():
                answer += piece
                if len(answer) > MESSAGE_BYTES_MAX:
                    return NoAnswer("TOO_LARGE")
            return bytes(answer)
