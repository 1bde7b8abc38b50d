"""Whatever cuts a stream, and wherever: who comes back with what they have misses nothing."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from fixtures_api import Api, Book, open_book, serving
from fixtures_streams import EventParser, seqs

HISTORY = 5


class CuttingProxy:
    """Passes a server's bytes on, and cuts each connection after some of them.

    Attributes:
        cuts: how often it cut.
    """

    def __init__(self, upstream: str, dice: random.Random) -> None:
        parts = urlsplit(upstream)
        self._upstream = parts.hostname, parts.port
        self._dice = dice
        self._tasks: set[asyncio.Task[None]] = set()
        self.cuts = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        server_reader, server_writer = await asyncio.open_connection(*self._upstream)
        left = self._dice.randrange(200, 3_000)
        try:
            server_writer.write(await reader.readuntil(b"\r\n\r\n"))
            while left and (chunk := await server_reader.read(left)):
                writer.write(chunk)
                await writer.drain()
                left -= len(chunk)
            self.cuts += not left
        except ConnectionError:
            return  # the reader left
        finally:
            server_writer.close()
            writer.close()


async def follow(url: str, book: Book, last: int, *, is_careless: bool) -> list[int]:
    """Read up to a number, coming back after every cut.

    Args:
        is_careless: come back after the last `id` that was seen, its event complete or not.
    """
    parser, found = EventParser(), list[int]()
    headers = {"Authorization": f"Bearer {book.tenant.key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client:
        while True:
            resumed = {} if parser.last_id is None else {"Last-Event-ID": parser.last_id}
            with suppress(httpx.TransportError):
                async with client.stream("GET", f"{book.path}/events", headers=resumed) as answer:
                    async for chunk in answer.aiter_raw():
                        found += seqs(parser.feed(chunk))
                        if found and found[-1] == last:
                            return found
            if is_careless:
                started = dict(parser.incomplete())
                parser.last_id = started.get("id", parser.last_id)
                if parser.last_id == str(last):
                    return found
            parser.reconnected()


async def post(book: Book, times: int) -> None:
    for _ in range(times):
        await book.tenant.create(f"{book.path}/transactions", book.transfer("1"))


@pytest.mark.parametrize("seed", range(4))
async def test_a_stream_that_is_cut_anywhere_loses_and_repeats_nothing(api: Api, seed: int) -> None:
    last = HISTORY + 60
    async with api.tenant() as tenant, serving(api.app) as server:
        book = await open_book(tenant)
        proxy = CuttingProxy(server, random.Random(seed))
        async with proxy.serving() as url:
            reading = asyncio.create_task(follow(url, book, last, is_careless=False))
            await post(book, last - HISTORY)
            assert await reading == list(range(1, last + 1))
    assert proxy.cuts > 5


async def test_a_reader_that_counts_incomplete_events_would_be_seen_to_lose_some(api: Api) -> None:
    last = HISTORY + 60
    async with api.tenant() as tenant, serving(api.app) as server:
        book = await open_book(tenant)
        await post(book, last - HISTORY)
        lost = 0
        for seed in range(4):
            async with CuttingProxy(server, random.Random(seed)).serving() as url:
                lost += last - len(await follow(url, book, last, is_careless=True))
    assert lost > 0
