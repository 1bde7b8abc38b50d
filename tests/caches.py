"""Caches to be flushed, filled with garbage, slowed, ended, and restored from what they were."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis

from bezant.server.embedded import DataFolder, ValkeyServer
from fixtures_servers import open_folder
from integration.outside.servers import LOOPBACK, PASSWORD, Server, free_port, memcached, redis
from proxies import DelayProxy

SECRET = b"the platform's own, and in no cache"


class CacheServer(Protocol):
    """One cache server, and everything that may happen to it.

    Attributes:
        proxy: what the platform reaches it through.
    """

    proxy: DelayProxy

    @property
    def url(self) -> str:
        """The way through the proxy."""
        ...

    async def flush(self) -> None:
        """Lose everything."""
        ...

    async def put_raw(self, key: bytes, value: bytes) -> None:
        """Write as somebody would who has the cache but not the platform's secret."""
        ...

    async def get_raw(self, key: bytes) -> bytes | None:
        """Read as they would."""
        ...

    async def snapshot(self) -> dict[bytes, bytes]:
        """Everything that it holds."""
        ...

    async def stop(self) -> None:
        """End the server."""
        ...

    async def start(self) -> None:
        """Start it again, at the same address, empty."""
        ...


class RedisLike:
    """Valkey or Redis, by a way of ours that no proxy delays."""

    proxy: DelayProxy

    @property
    def address(self) -> str:
        raise NotImplementedError

    async def flush(self) -> None:
        async with Redis.from_url(self.address) as client:
            await client.flushall()

    async def put_raw(self, key: bytes, value: bytes) -> None:
        async with Redis.from_url(self.address) as client:
            await client.set(key, value)

    async def get_raw(self, key: bytes) -> bytes | None:
        async with Redis.from_url(self.address) as client:
            found = await client.get(key)
        assert not isinstance(found, str)
        return found

    async def snapshot(self) -> dict[bytes, bytes]:
        """Everything that it holds."""
        async with Redis.from_url(self.address) as client:
            keys = await client.keys("bz:*")
            values = await client.mget(keys) if keys else []
        return {
            key: value
            for key, value in zip(keys, values, strict=True)
            if isinstance(key, bytes) and isinstance(value, bytes)
        }


class Valkey(RedisLike):
    """The embedded one."""

    def __init__(self, data: DataFolder, sockets: Path) -> None:
        self._server = ValkeyServer(data, sockets, lambda _: None)
        self.proxy = DelayProxy(self._connect)
        self._address = ""

    @property
    def url(self) -> str:
        return f"redis://:{urlsplit(self._address).password}@{LOOPBACK}:{self.proxy.port}"

    @property
    def address(self) -> str:
        return self._address

    async def start(self) -> None:
        self._address = await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(unquote(urlsplit(self._address).path))


class Outside:
    """A server of the system's, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.proxy = DelayProxy(self._connect)
        self._running = AsyncExitStack()

    def server(self, folder: Path, port: int) -> AbstractAsyncContextManager[Server]:
        raise NotImplementedError

    async def start(self) -> None:
        await self._running.enter_async_context(self.server(self._folder, self.port))

    async def stop(self) -> None:
        await self._running.aclose()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(LOOPBACK, self.port)


class OutsideRedis(Outside, RedisLike):
    """Debian's Redis."""

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@{LOOPBACK}:{self.proxy.port}"

    @property
    def address(self) -> str:
        return f"redis://:{PASSWORD}@{LOOPBACK}:{self.port}"

    def server(self, folder: Path, port: int) -> AbstractAsyncContextManager[Server]:
        return redis(folder, port)


class OutsideMemcached(Outside):
    """Debian's Memcached."""

    @property
    def url(self) -> str:
        return f"memcached://{LOOPBACK}:{self.proxy.port}"

    def server(self, folder: Path, port: int) -> AbstractAsyncContextManager[Server]:
        return memcached(folder, port)

    async def flush(self) -> None:
        assert await self._say(b"flush_all\r\n") == b"OK\r\n"

    async def put_raw(self, key: bytes, value: bytes) -> None:
        command = b"set %b 0 0 %d\r\n%b\r\n" % (key, len(value), value)
        assert await self._say(command) == b"STORED\r\n"

    async def get_raw(self, key: bytes) -> bytes | None:
        answer = await self._say(b"get %b\r\n" % key, until=b"END\r\n")
        return None if answer == b"END\r\n" else answer.partition(b"\r\n")[2][: -len("\r\nEND\r\n")]

    async def snapshot(self) -> dict[bytes, bytes]:
        keys = await self._keys()
        found = {key: await self.get_raw(key) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    async def _keys(self) -> list[bytes]:
        """All keys, by the crawler, which does one thing at a time and else says BUSY."""
        while True:
            reader, writer = await self._connect()
            writer.write(b"lru_crawler metadump all\r\n")
            keys = []
            while (line := await reader.readline()).startswith(b"key="):
                keys.append(unquote(line.split()[0].removeprefix(b"key=").decode()).encode())
            writer.close()
            if line == b"END\r\n":
                return keys
            await asyncio.sleep(0.01)

    async def _say(self, command: bytes, until: bytes = b"\r\n") -> bytes:
        reader, writer = await self._connect()
        writer.write(command)
        answer = await reader.readuntil(until)
        writer.close()
        return answer


@asynccontextmanager
async def running(kind: str) -> AsyncIterator[CacheServer]:
    """A server of one of `KINDS`, and the proxy before it."""
    with open_folder() as folder:
        server: Valkey | OutsideRedis | OutsideMemcached
        async with AsyncExitStack() as opened:
            if kind == "valkey":
                data = opened.enter_context(DataFolder(folder / "data"))
                server = Valkey(data, data.servers_folder("run"))
            else:
                server = (OutsideRedis if kind == "redis" else OutsideMemcached)(folder)
            await opened.enter_async_context(server.proxy.serving())
            opened.push_async_callback(server.stop)
            await server.start()
            yield server


KINDS = ("valkey", "redis", "memcached")
