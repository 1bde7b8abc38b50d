"""Whether the cache answers. Nothing depends on it but what operators are told."""

import asyncio
from contextlib import suppress
from typing import Final, Protocol
from urllib.parse import urlsplit

import redis.asyncio
from redis.exceptions import RedisError

_TIMEOUT_S: Final = 0.5
_MEMCACHED_PORT: Final = 11211


class CacheProbe(Protocol):
    """Asks a cache for a sign of life."""

    async def is_up(self) -> bool:
        """Whether it answered in time."""
        ...

    async def close(self) -> None:
        """Let its connections go."""
        ...


class RedisProbe:
    """PING to Redis or Valkey."""

    def __init__(self, url: str) -> None:
        self._client = redis.asyncio.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )

    async def is_up(self) -> bool:
        """Whether it answered in time."""
        try:
            return bool(await self._client.ping())
        except (RedisError, OSError):
            return False

    async def close(self) -> None:
        """Let its connections go."""
        await self._client.aclose()


class MemcachedProbe:
    """`version` to Memcached (protocol.txt, "General-purpose statistics")."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._host = address.hostname or "localhost"
        self._port = address.port or _MEMCACHED_PORT

    async def is_up(self) -> bool:
        """Whether it answered in time."""
        with suppress(OSError):  # which TimeoutError is as well
            async with asyncio.timeout(_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(self._host, self._port)
                try:
                    writer.write(b"version\r\n")
                    return (await reader.readline()).startswith(b"VERSION ")
                finally:
                    writer.close()
        return False

    async def close(self) -> None:
        """Every probe has its own connection."""


def cache_probe(url: str) -> CacheProbe:
    """The probe for a cache's URL: `redis://`, `rediss://`, `unix://` or `memcached://`."""
    return MemcachedProbe(url) if url.startswith("memcached://") else RedisProbe(url)
