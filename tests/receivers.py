"""Receivers of webhooks: TLS servers on this machine with an authority of their own."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bezant.kernel.clock import SystemClock
from bezant.server.development_ca import DevelopmentCa

NAME = "hooks.example.com"
"""What the receiver's certificate is made out to, besides this machine's own names."""


@dataclass
class Message:
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = msgspec.json.decode(self.body)
        return content

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Bytes to write, or who writes them."""

Script = Callable[[Message], Answer]


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    """An answer."""
    lines = [f"HTTP/1.1 {code} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


OK = status(204)


@dataclass
class Receiver:
    """What it got, and what it answers.

    Attributes:
        script: tells the answer to a message.
        connections: how many were made.
    """

    port: int
    tls: ssl.SSLContext
    script: Script = lambda _: OK
    messages: list[Message] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/in"

    def of(self, stream: str) -> list[int]:
        """The sequences of a stream, as they came."""
        contents = [message.content for message in self.messages]
        return [each["sequence"] for each in contents if each["stream"] == stream]


def answering(*answers: Answer, then: Answer = OK) -> Script:
    """Answers in turn."""
    left = list(answers)
    return lambda _: left.pop(0) if left else then


def failing(*keys: str, code: int = 500) -> Script:
    """Refuses what happened to some objects, or everything."""
    return lambda message: (
        status(code) if not keys or message.content["object"] in keys else status(204)
    )


@asynccontextmanager
async def receiving(folder: Path, address: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    """A receiver on an address of this machine."""
    authority = DevelopmentCa(folder, SystemClock())
    authority.ensure(NAME)
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(authority.certificate, authority.key)
    receiver = Receiver(0, ssl.create_default_context(cafile=str(authority.ca)))
    open_now: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        receiver.connections += 1
        try:
            while (message := await _read(reader)) is not None:
                answer = receiver.script(message)
                receiver.messages.append(message)
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(writer)
                    return
        except (ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass  # the sender left, or the test is over
        finally:
            open_now.discard(task)
            writer.close()

    server = await asyncio.start_server(talk, address, 0, ssl=served)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Message | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    line, *fields = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in fields)}
    return Message(line, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@dataclass
class Names:
    """A resolver that answers what it is told, in turn; the last answer stays.

    Attributes:
        asked: the names that were looked up.
    """

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> Sequence[str]:  # noqa: ARG002 - any port
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise OSError("no such name")
        return answer

    def close(self) -> None:
        """Nothing to end."""
