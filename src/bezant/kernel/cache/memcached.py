"""Memcached."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from math import ceil
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

import emcache

from bezant.kernel.cache.backend import BackendFailed, Stored, is_newer

T = TypeVar("T")

CONNECTIONS_MAX: Final = 16

_PORT: Final = 11211
# Longer ones are instants (protocol.txt, "Expiration times").
_TTL_S_MAX: Final = 60 * 60 * 24 * 30


class MemcachedBackend:
    """A Memcached by its URL, `memcached://[user:password@]host[:port]`."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._client: emcache.Client | None = None
        self._discarded: list[emcache.Client] = []
        self._opening = asyncio.Lock()

    async def get(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """The bytes under each key."""
        found = await self._asked(lambda client: client.get_many(keys))
        return [None if item is None else item.value for item in map(found.get, keys)]

    async def put(self, entries: Sequence[Stored]) -> None:
        """Store entries, except where a newer version stands."""
        found = await self._asked(lambda client: client.gets_many([entry.key for entry in entries]))
        await self._asked(
            lambda client: asyncio.gather(
                *(_put(client, entry, found.get(entry.key)) for entry in entries)
            )
        )

    async def delete(self, key: bytes) -> None:
        """Remove what is under a key."""
        with suppress(emcache.NotFoundCommandError):
            await self._asked(lambda client: client.delete(key))

    async def ping(self) -> None:
        """Have the server answer."""
        # Whether there is such a key or not.
        await self._asked(lambda client: client.get(b"ping"))

    async def close(self) -> None:
        """Let its connections go."""
        self._discard()
        await self._close_discarded()

    async def _asked(self, ask: Callable[[emcache.Client], Awaitable[T]]) -> T:
        client = await self._open()
        try:
            return await ask(client)
        except emcache.NotFoundCommandError:
            raise
        except (emcache.CommandError, emcache.ClusterNoAvailableNodes, OSError) as error:
            self._discard()
            raise BackendFailed(type(error).__name__) from error
        except asyncio.CancelledError:
            # Out of time. The client would wait ever longer, up to a minute, before it connects
            # again; when to try is the circuit breaker's decision.
            self._discard()
            raise

    async def _open(self) -> emcache.Client:
        if self._client is not None:
            return self._client
        async with self._opening:
            await self._close_discarded()
            if self._client is None:
                self._client = await emcache.create_client(
                    [self._node],
                    # The cache bounds every call as a whole.
                    timeout=None,
                    max_connections=CONNECTIONS_MAX,
                    username=_decoded(self._address.username),
                    password=_decoded(self._address.password),
                )
            return self._client

    @property
    def _node(self) -> emcache.MemcachedHostAddress:
        host, port = self._address.hostname or "localhost", self._address.port or _PORT
        return emcache.MemcachedHostAddress(host, port)

    def _discard(self) -> None:
        if self._client is not None:
            self._discarded.append(self._client)
            self._client = None

    async def _close_discarded(self) -> None:
        while self._discarded:
            await self._discarded.pop().close()


async def _put(client: emcache.Client, entry: Stored, found: emcache.Item | None) -> None:
    """Store one entry if what was found is not newer, and is still there.

    Who comes in between costs no more than an entry, which the next reader makes.
    """
    exptime = min(ceil(entry.ttl_s), _TTL_S_MAX)
    with suppress(emcache.StorageCommandError):
        if found is None:
            await client.add(entry.key, entry.value, exptime=exptime)
        elif not is_newer(found.value, entry.value):
            assert found.cas is not None
            await client.cas(entry.key, entry.value, found.cas, exptime=exptime)


def _decoded(part: str | None) -> str | None:
    return None if part is None else unquote(part)
