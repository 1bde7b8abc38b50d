"""A proxy before PostgreSQL that cuts the connection at COMMIT."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

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

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(self._upstream)
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
