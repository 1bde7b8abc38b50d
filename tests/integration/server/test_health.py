"""What health says when the database goes away, and when it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from bezant.kernel.cache import open_cache
from bezant.kernel.database import PING, Database
from bezant.server import health as under_test
from bezant.server.embedded import EmbeddedServers
from bezant.server.health import Health, NotReady
from bezant.server.migrations import migrate
from fixtures_api import CACHE_SECRET

SOCKET = ".s.PGSQL.5432"


class Way:
    """A way to a server by another socket, which can be cut and mended."""

    def __init__(self, source: Path, target: Path) -> None:
        self._source = source
        self._target = target
        self._passing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self._source))

    async def cut(self) -> None:
        self._server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        await self._server.wait_closed()
        self._source.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            to_server = await asyncio.open_unix_connection(str(self._target))
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pump(reader, to_server[1]))
                    group.create_task(_pump(to_server[0], writer))
            finally:
                to_server[1].close()
        finally:
            writer.close()
            self._passing.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while octets := await reader.read(65536):
        writer.write(octets)
        await writer.drain()
    writer.close()


@pytest.fixture
async def way(tmp_path: Path, embedded_servers: EmbeddedServers) -> AsyncIterator[Way]:
    way = Way(tmp_path / SOCKET, embedded_servers.postgres.socket_dir / SOCKET)
    await way.open()
    yield way
    await way.cut()


@pytest.fixture
async def health(
    way: Way,  # noqa: ARG001 - open while the health is used
    tmp_path: Path,
    embedded_servers: EmbeddedServers,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Health]:
    await migrate(embedded_servers.postgres.owner_url, "bezant_app")
    monkeypatch.setattr(under_test, "_READINESS_KEPT_S", 0.0)
    url = urlsplit(embedded_servers.postgres.app_url)
    database = await Database.open(urlunsplit(url._replace(query=f"host={tmp_path}")))
    cache = open_cache(embedded_servers.valkey_url, CACHE_SECRET)
    yield Health(database, cache)
    await cache.close()
    await database.close()


async def test_it_is_not_ready_while_the_database_is_away_and_ready_again_when_it_is_back(
    health: Health, way: Way
) -> None:
    assert (await health.ready()).status == "ready"
    await way.cut()
    with pytest.raises(NotReady, match="does not answer") as refused:
        await health.ready()
    assert refused.value.facts == {"database": "down"}
    assert (await health.live()).status == "live"
    await way.open()
    assert (await health.ready()).status == "ready"


async def test_a_flood_of_questions_is_one_question_to_the_database(
    health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    fetch = health._database.fetch

    async def counted(statement: str, *values: object) -> object:
        nonlocal asked
        asked += statement == PING
        return await fetch(statement, *values)

    monkeypatch.setattr(health._database, "fetch", counted)
    await asyncio.gather(*(health.ready() for _ in range(100)))
    assert asked == 1


@asynccontextmanager
async def speaking(answer: bytes) -> AsyncIterator[int]:
    """Somebody who gives one answer to whatever is said, and the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("scheme", ["redis", "memcached"])
async def test_a_cache_is_up_when_it_answers_as_its_protocol_says(scheme: str) -> None:
    async with speaking(b"SSH-2.0-OpenSSH\r\n") as port:
        for url in (f"{scheme}://127.0.0.1:{port}", f"{scheme}://127.0.0.1:1"):
            cache = open_cache(url, CACHE_SECRET)
            assert not await cache.is_up()
            await cache.close()
