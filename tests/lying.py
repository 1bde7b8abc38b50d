"""A database that cannot be trusted with its bytes: a proxy that damages what it passes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit


class Lie(StrEnum):
    """What is done to the next portion of bytes, once."""

    NONE = "passed on"
    TWICE = "passed on twice"
    CUT_SHORT = "passed on without its end, and then nothing"
    SWALLOWED = "not passed on"
    LATE = "passed on late"


@dataclass
class LyingProxy:
    """Stands before PostgreSQL's socket.

    Attributes:
        to_server: what to do with the next portion of a request.
        to_client: what to do with the next portion of an answer.
        late_s: how late `LATE` is.
        lies: how many were told.
    """

    upstream: str
    folder: Path
    to_server: Lie = Lie.NONE
    to_client: Lie = Lie.NONE
    late_s: float = 3.0
    lies: int = 0
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def before(cls, url: str, folder: Path) -> AsyncIterator["LyingProxy"]:
        """Serve until the context ends."""
        upstream = parse_qs(urlsplit(url).query)["host"][0]
        proxy = cls(f"{upstream}/.s.PGSQL.5432", folder)
        server = await asyncio.start_unix_server(proxy._connect, folder / ".s.PGSQL.5432")
        try:
            yield proxy
        finally:
            server.close()
            for task in proxy._tasks:
                task.cancel()
            await asyncio.gather(*proxy._tasks, return_exceptions=True)

    def url(self, url: str) -> str:
        """The way to the database through the proxy."""
        return f"{url.split('?', maxsplit=1)[0]}?host={quote(str(self.folder), safe='')}&port=5432"

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, server = await asyncio.open_unix_connection(self.upstream)
        for source, sink, side in ((reader, server, "to_server"), (behind, writer, "to_client")):
            task = asyncio.create_task(self._pass_on(source, sink, side))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, side: str
    ) -> None:
        try:
            while portion := await source.read(65_536):
                lie: Lie = getattr(self, side)
                if lie is not Lie.NONE:
                    setattr(self, side, Lie.NONE)
                    self.lies += 1
                if lie is Lie.LATE:
                    await asyncio.sleep(self.late_s)
                if lie is not Lie.SWALLOWED:
                    sink.write(self._damaged(portion, lie))
                    await sink.drain()
                if lie is Lie.CUT_SHORT:
                    break
        except ConnectionError:
            return
        finally:
            sink.close()

    @staticmethod
    def _damaged(portion: bytes, lie: Lie) -> bytes:
        if lie is Lie.TWICE:
            return portion * 2
        return portion[: len(portion) // 2] if lie is Lie.CUT_SHORT else portion
