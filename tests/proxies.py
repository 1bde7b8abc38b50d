"""Proxies: before PostgreSQL, one that cuts at COMMIT; before a cache, one that is slow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class Cut(StrEnum):
    """When to cut, at the next COMMIT."""

    NEVER = "never"
    BEFORE = "before the server sees it"
    AFTER = "after the server did it, before its answer"


class CommitProxy:
    """Passes everything on until it is told to cut.

    Attributes:
        url: the database behind the proxy.
        cut: what to do at the next COMMIT; falls back to NEVER once done.
        cuts: how often it cut.
    """

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        self._upstream = f"{query['host'][0]}/.s.PGSQL.5432"
        self._path = folder / ".s.PGSQL.5432"
        self.url = f"{url.split('?', maxsplit=1)[0]}?host={quote(str(folder), safe='')}&port=5432"
        self.cut = Cut.NEVER
        self.cuts = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["CommitProxy"]:
        """Listen on a unix socket."""
        server = await asyncio.start_unix_server(self._connect, self._path)
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                writer.close()
            self._writers.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(self._upstream)
        self._writers |= {writer, upstream_writer}
        answers = asyncio.create_task(self._answers(upstream_reader, writer))
        task = asyncio.create_task(self._requests(reader, writer, upstream_writer, answers))
        for each in (answers, task):
            self._tasks.add(each)
            each.add_done_callback(self._tasks.discard)

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: asyncio.StreamWriter,
        answers: "asyncio.Task[None]",
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                if chunk.endswith(COMMIT) and self.cut is not Cut.NEVER:
                    cut, self.cut = self.cut, Cut.NEVER
                    self.cuts += 1
                    if cut is Cut.AFTER:
                        answers.cancel()
                        upstream.write(chunk)
                        await upstream.drain()
                    writer.transport.abort()
                    break
                upstream.write(chunk)
                await upstream.drain()
        upstream.close()

    async def _answers(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await upstream.read(65_536):
                writer.write(chunk)
                await writer.drain()
        writer.close()


class DelayProxy:
    """A proxy before a cache that is as slow as it is told to be.

    Attributes:
        port: the port of loopback that it listens on.
        delay_s: how long every answer waits.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect_upstream = connect
        self.port = 0
        self.delay_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["DelayProxy"]:
        """Listen."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await self._end(set(self._tasks))

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await self._connect_upstream()
        passing = {
            asyncio.create_task(_pass_on(reader, upstream_writer, lambda: 0.0)),
            asyncio.create_task(_pass_on(upstream_reader, writer, lambda: self.delay_s)),
        }
        self._tasks |= passing
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        await self._end(passing)
        self._tasks -= passing
        for each in (writer, upstream_writer):
            each.close()

    @staticmethod
    async def _end(tasks: "set[asyncio.Task[None]]") -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: Callable[[], float]
) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            await asyncio.sleep(delay_s())
            writer.write(chunk)
            await writer.drain()
