"""Redis and what speaks its protocol, such as Valkey."""

from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bezant.kernel.cache.backend import VERSION_DIGITS, BackendFailed, Stored

T = TypeVar("T")

CONNECTIONS_MAX: Final = 32

# A comparison and a write in one step, for all entries of a batch in one trip. What is no text, or
# does not begin with a version, is garbage and gives way.
_PUT: Final = f"""
for at, key in ipairs(KEYS) do
    local stored = redis.pcall('GET', key)
    local version = type(stored) == 'string'
        and string.match(stored, '^{"%d" * VERSION_DIGITS}') or ''
    if version <= string.sub(ARGV[2 * at - 1], 1, {VERSION_DIGITS}) then
        redis.call('SET', key, ARGV[2 * at - 1], 'PX', ARGV[2 * at])
    end
end
"""


class RedisBackend:
    """A Redis by its URL: `redis://`, `rediss://` (the server's certificate is checked), `unix://`."""

    def __init__(self, url: str) -> None:
        # No timeouts of its own: the cache bounds every call as a whole. No retries: there is a
        # truth to ask instead. Whoever gets no connection waits for one, within that bound.
        pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS_MAX, timeout=None, retry=Retry(NoBackoff(), 0)
        )
        self._client = Redis(connection_pool=pool)
        self._put = self._client.register_script(_PUT)

    async def get(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """The bytes under each key; what is no text there is as good as nothing."""
        found = await _asked(self._client.mget(keys))
        return [value if isinstance(value, bytes) else None for value in found]

    async def put(self, entries: Sequence[Stored]) -> None:
        """Store entries, except where a newer version stands."""
        await _asked(
            self._put(
                keys=[entry.key for entry in entries],
                args=[
                    argument
                    for entry in entries
                    for argument in (entry.value, max(1, int(entry.ttl_s * 1000)))
                ],
            )
        )

    async def delete(self, key: bytes) -> None:
        """Remove what is under a key."""
        await _asked(self._client.delete(key))

    async def ping(self) -> None:
        """Have the server answer."""
        await _asked(self._client.ping())

    async def close(self) -> None:
        """Let its connections go."""
        await self._client.aclose()
        await self._client.connection_pool.disconnect()


async def _asked(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except (RedisError, OSError) as error:
        raise BackendFailed(type(error).__name__) from error
