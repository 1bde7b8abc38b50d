"""What a declined request means for its connection, over the real server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from bezant.kernel.http.bodies import BODY_BYTES_MAX
from fixtures_api import Api, Book, serving


@dataclass
class Wire:
    """One connection of a client that sends bytes as it likes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *lines: str, body: bytes = b"") -> None:
        self.writer.write("\r\n".join([*lines, "Host: test", "", ""]).encode() + body)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        [length] = [
            int(line.split(":")[1])
            for line in head.splitlines()
            if line.startswith("content-length:")
        ]
        return int(head.split()[1]), await self.reader.readexactly(length)


@pytest.fixture
async def wire(api: Api) -> AsyncIterator[Wire]:
    async with serving(api.app) as url:
        address = urlsplit(url)
        wire = Wire(*await asyncio.open_connection(address.hostname, address.port))
        yield wire
        wire.writer.close()


def _post(book: Book, *headers: str, key: str | None = None) -> tuple[str, ...]:
    return (
        f"POST {book.path}/transactions HTTP/1.1",
        f"Authorization: Bearer {key or book.tenant.key}",
        "Content-Type: application/json",
        "Idempotency-Key: connection-test",
        *headers,
    )


async def test_after_a_declined_request_with_its_body_the_connection_serves_the_next(
    wire: Wire, book: Book
) -> None:
    body = b'{"postings": []}'
    for key, status in (("bz_none", 401), (book.tenant.key, 400)):
        await wire.send(*_post(book, f"Content-Length: {len(body)}", key=key), body=body)
        assert (await wire.answer())[0] == status
    await wire.send(
        f"GET {book.path}/accounts/wallet/balance HTTP/1.1",
        f"Authorization: Bearer {book.tenant.key}",
    )
    assert (await wire.answer())[0] == 200


async def test_a_body_declared_too_large_is_answered_before_it_is_sent(
    wire: Wire, book: Book
) -> None:
    await wire.send(*_post(book, "Content-Length: 1048577"))
    status, body = await wire.answer()
    assert status == 413
    assert b"BODY_TOO_LARGE" in body
    assert await wire.reader.read() == b""


async def test_an_endless_body_is_cut_at_the_limit(wire: Wire, book: Book) -> None:
    await wire.send(*_post(book, "Transfer-Encoding: chunked"))
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    # No more than is read: what is left unread when a server hangs up can cost its client the
    # answer (RFC 9112, 9.6).
    wire.writer.write(piece * (BODY_BYTES_MAX // 0x10000 + 1))
    status, _ = await wire.answer()
    assert status == 413

    async def send_on() -> None:
        while True:
            wire.writer.write(piece)
            await wire.writer.drain()

    async with asyncio.timeout(30):
        with pytest.raises(ConnectionError):
            await send_on()


@pytest.mark.parametrize(
    "lines",
    [
        ("GET /v1/books HTTP/1.1", "Content-Length: ten"),
        ("GET /v1/books HTTP/1.1", "A header without its colon"),
        ("HELLO",),
    ],
)
async def test_what_is_no_http_is_a_400_and_ends_the_connection(
    wire: Wire, lines: tuple[str, ...]
) -> None:
    await wire.send(*lines)
    answer = await wire.reader.read()
    assert answer.startswith(b"HTTP/1.1 400")
