"""The clearing system on the wire: HTTP/1.1, so much of it as a misbehaving server needs.

A framework would finish every answer that was begun; here a connection can end at any byte.
"""

import asyncio
import hmac
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from bezant.payments.sandbox.csm.replies import Ending, Reply

_HEAD_BYTES_MAX: Final = 16 << 10
_BODY_BYTES_MAX: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """A request that came whole."""

    method: str
    path: str
    body: bytes


Handler = Callable[[Request], Awaitable[Reply]]


class CsmServer:
    """Serves a handler to whoever knows the secret.

    Attributes:
        port: of this machine's loopback.
    """

    def __init__(self, handler: Handler, secret: str) -> None:
        self._handler = handler
        self._expected = f"Bearer {secret}"
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(
        self,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        listener: socket.socket | None = None,
    ) -> Self:
        """Listen on a port of this machine's loopback, or with a socket that listens already."""
        if listener is None:
            listener = socket.create_server(("127.0.0.1", port))
        self._server = await asyncio.start_server(
            self._talk, sock=listener, ssl=tls, limit=_HEAD_BYTES_MAX
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """End, with every connection."""
        assert self._server is not None
        self._server.close()
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talking.add(task)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the caller left, or speaks something else
        except asyncio.CancelledError:
            pass  # the server ends
        finally:
            self._talking.discard(task)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.rstrip().split("\r\n")
        method, path, _ = line.split(" ", 2)
        headers = {
            name.lower(): value.strip()
            for name, _, value in (each.partition(":") for each in fields)
        }
        length = int(headers.get("content-length", "0"))
        if length > _BODY_BYTES_MAX or "transfer-encoding" in headers:
            await self._write(writer, Reply(status=HTTPStatus.LENGTH_REQUIRED))
            return False
        body = await reader.readexactly(length)
        if not hmac.compare_digest(
            headers.get("authorization", "").encode(), self._expected.encode()
        ):
            await self._write(writer, Reply(status=HTTPStatus.UNAUTHORIZED))
            return True
        reply = await self._handler(Request(method, path, body))
        if reply.delay_s:
            await asyncio.sleep(reply.delay_s)
        if reply.ending is Ending.NEVER:
            await reader.read(1)
            return False
        if reply.ending is Ending.NONE:
            writer.transport.abort()
            return False
        await self._write(writer, reply)
        return reply.ending is Ending.WHOLE

    @staticmethod
    async def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
        phrase = HTTPStatus(reply.status).phrase
        head = (
            f"HTTP/1.1 {reply.status:d} {phrase}\r\nContent-Type: {reply.media_type}\r\n"
            f"Content-Length: {len(reply.body)}\r\n\r\n"
        )
        content = head.encode() + reply.body
        if reply.ending is Ending.HALF:
            content = content[: -(len(reply.body) // 2)]
        writer.write(content)
        await writer.drain()
