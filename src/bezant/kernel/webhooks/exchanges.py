"""HTTP/1.1, as much of it as a webhook needs: one POST, of the answer its status and one header.

Redirects are answers like any other. What a receiver answers is bounded: so many bytes until the
end of its head, and of its body what comes along.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import httptools

from bezant.kernel.outbound import Streams, Target

_HEAD_BYTES_MAX: Final = 64 << 10
_BODY_BYTES_MAX: Final = 16 << 10
_BODY_SECONDS_MAX: Final = 1.0
_CHUNK_BYTES: Final = 16 << 10
_FINAL: Final = 200


class AnswerMalformed(Exception):  # noqa: N818 - what is the case
    """What came is no answer, or none came to its end."""


class NoAnswer(AnswerMalformed):
    """The receiver closed the connection without a byte."""


class _Answer:
    """What the parser tells, as it goes."""

    def __init__(self) -> None:
        self.status = 0
        self.retry_after: str | None = None
        self.has_head = False
        self.is_complete = False
        self.is_broken = False
        self.parser = httptools.HttpResponseParser(self)

    def read(self, chunk: bytes) -> None:
        """Go on with what came."""
        try:
            self.parser.feed_data(chunk)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.is_broken = True

    def on_message_begin(self) -> None:
        """An interim answer may have come before (RFC 9110, section 15.2)."""
        self.retry_after = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head."""
        if name.lower() == b"retry-after":
            self.retry_after = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self.status = self.parser.get_status_code()
        self.has_head = self.status >= _FINAL

    def on_message_complete(self) -> None:
        """The answer is there as a whole."""
        self.is_complete = self.has_head


class Connection:
    """A connection to a receiver.

    Attributes:
        is_reusable: whether another message may follow on it.
    """

    def __init__(self, streams: Streams) -> None:
        self._reader, self._writer = streams
        self.is_reusable = False

    @property
    def is_open(self) -> bool:
        """Whether neither side has closed it, as far as is known."""
        return not (self._reader.at_eof() or self._writer.is_closing())

    def close(self) -> None:
        """Drop it."""
        self._writer.transport.abort()

    async def post(
        self, target: Target, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str | None]:
        """Send a message; the answer's status and `Retry-After`.

        Raises:
            NoAnswer: the connection was closed instead.
            AnswerMalformed: what came is no answer.
        """
        self.is_reusable = False
        fields = {
            "Host": target.authority,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": "Bezant-Webhooks/1",
            **headers,
        }
        head = [f"POST {target.path} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items()), "", ""]
        answer = _Answer()
        try:
            self._writer.write("\r\n".join(head).encode("ascii") + body)
            await self._writer.drain()
            await self._read_head(answer)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise NoAnswer("The connection was lost.") from error
        await self._read_body(answer)
        return answer.status, answer.retry_after

    async def _read_head(self, answer: _Answer) -> None:
        read = 0
        while not answer.has_head:
            chunk = await self._reader.read(_CHUNK_BYTES)
            if not chunk:
                raise (AnswerMalformed if read else NoAnswer)("The connection was closed.")
            read += len(chunk)
            if read > _HEAD_BYTES_MAX:
                raise AnswerMalformed("The answer's head is too large.")
            answer.read(chunk)
            if answer.is_broken and not answer.has_head:
                raise AnswerMalformed("The answer cannot be read.")

    async def _read_body(self, answer: _Answer) -> None:
        """Read to the answer's end if that is near, so that the connection can be used again."""
        read = 0
        try:
            async with asyncio.timeout(_BODY_SECONDS_MAX):
                while not (answer.is_complete or answer.is_broken):
                    chunk = await self._reader.read(_CHUNK_BYTES)
                    read += len(chunk)
                    if not chunk or read > _BODY_BYTES_MAX:
                        return
                    answer.read(chunk)
        except (OSError, TimeoutError):
            return  # its status was had; the rest does not matter
        self.is_reusable = answer.is_complete and answer.parser.should_keep_alive()
