"""Clients that say too little, or too much."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
import uvicorn

from bezant.server import protocol as under_test
from bezant.server.listening import listen
from bezant.server.protocol import HEAD_BYTES_MAX, BoundedProtocol

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    """Answer with the length of the body."""
    assert scope["type"] == "http"
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    text = str(size).encode()
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, int]]:
    listener = listen("127.0.0.1", 0)
    address = listener.getsockname()
    config = uvicorn.Config(
        echo,
        http=BoundedProtocol,
        lifespan="off",
        log_config=None,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield address
    server.should_exit = True
    await serving


async def connect(address: tuple[str, int]) -> Streams:
    return await asyncio.open_connection(*address)


async def answers(streams: Streams, sent: bytes) -> bytes:
    """All that comes back, until the server closes."""
    reader, writer = streams
    writer.write(sent)
    async with asyncio.timeout(10):
        received = await reader.read()
    writer.close()
    return received


REQUEST = b"POST / HTTP/1.1\r\nhost: bank\r\ncontent-length: %d\r\n%s\r\n"


async def test_requests_one_after_the_other_and_large_bodies_are_served(
    address: tuple[str, int],
) -> None:
    large = b"x" * (4 * HEAD_BYTES_MAX)
    received = await answers(
        await connect(address),
        REQUEST % (3, b"") + b"abc"
        + REQUEST % (len(large), b"") + large
        + REQUEST % (0, b"connection: close\r\n"),
    )  # fmt: skip
    bodies = [part.partition(b"\r\n\r\n")[2] for part in received.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"3", str(len(large)).encode(), b"0"]


LONG = b"x" * HEAD_BYTES_MAX
MANY = b"x: y\r\n" * (HEAD_BYTES_MAX // 6 + 1)


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /" + LONG,
        b"GET / HTTP/1.1\r\nhost: bank\r\nx: " + LONG,
        b"GET / HTTP/1.1\r\nhost: bank\r\n" + MANY,
    ],
    ids=["address", "header", "headers"],
)
async def test_a_head_without_an_end_is_refused(address: tuple[str, int], endless: bytes) -> None:
    received = await answers(await connect(address), endless)
    assert received.startswith(b"HTTP/1.1 431 ")


async def test_what_is_not_http_is_answered_by_a_problem(address: tuple[str, int]) -> None:
    received = await answers(await connect(address), b"\x16\x03\x01 hello\r\n\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["code"] == "MALFORMED"


@pytest.mark.parametrize("trailer", [b"x" * 1024, b"x: y\r\n" * 128], ids=["one", "many"])
async def test_trailers_without_an_end_are_hung_up_on(
    address: tuple[str, int], trailer: bytes
) -> None:
    _, writer = await connect(address)
    head = b"POST / HTTP/1.1\r\nhost: bank\r\ntransfer-encoding: chunked\r\n\r\n"
    writer.write(head + b"3\r\nabc\r\n0\r\nx: y")

    async def send_far_more_than_is_buffered_on_the_way() -> None:
        for _ in range(64 * 1024):
            writer.write(trailer)
            await writer.drain()

    async with asyncio.timeout(10):
        with pytest.raises(ConnectionError):
            await send_far_more_than_is_buffered_on_the_way()
    writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nhost:"], ids=["nothing", "half a head"])
async def test_who_does_not_finish_a_head_is_hung_up_on(
    address: tuple[str, int], sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "HEAD_SECONDS_MAX", 0.2)
    assert await answers(await connect(address), sent) == b""


async def test_who_drips_a_second_head_is_hung_up_on(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "HEAD_SECONDS_MAX", 0.2)
    reader, writer = await connect(address)
    writer.write(REQUEST % (0, b""))
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    assert await reader.readexactly(1) == b"0"

    async def drip() -> None:
        for octet in REQUEST:
            writer.write(bytes([octet]))
            await writer.drain()
            # Dripping is what is tested: each byte comes well before the bound.
            await asyncio.sleep(0.05)

    async with asyncio.timeout(2):
        with pytest.raises(ConnectionError):
            await drip()
    writer.close()


async def test_a_connection_between_requests_is_kept_beyond_the_bound_on_heads(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "HEAD_SECONDS_MAX", 0.2)
    reader, writer = await connect(address)
    for _ in range(3):
        writer.write(REQUEST % (0, b""))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await reader.readexactly(1) == b"0"
        await asyncio.sleep(0.3)  # silence is what is tested
    writer.close()
