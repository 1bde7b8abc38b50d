"""The cache: signed, versioned values on a server that may lose or forge any of them.

The clients of both kinds of server are slow to import, and a process has one of them at most.
"""

from typing import TYPE_CHECKING

from bezant.kernel.cache.backend import Backend, BackendFailed
from bezant.kernel.cache.cache import (
    SECRET_BYTES_MIN,
    Cache,
    CacheName,
    Found,
    New,
    Outcome,
)
from bezant.kernel.cache.flights import Flights
from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.kernel.cache.memcached import MemcachedBackend
    from bezant.kernel.cache.redis import RedisBackend

__all__ = [
    "SECRET_BYTES_MIN",
    "Backend",
    "BackendFailed",
    "Cache",
    "CacheName",
    "Flights",
    "Found",
    "MemcachedBackend",
    "New",
    "Outcome",
    "RedisBackend",
    "open_cache",
]

__getattr__ = lazily(__name__, {"memcached": "MemcachedBackend", "redis": "RedisBackend"})


def open_cache(url: str, secret: bytes) -> Cache:
    """The cache behind a URL: `redis://`, `rediss://`, `unix://` or `memcached://`.

    Nothing is connected before the first use, so a platform starts without its cache.

    Args:
        url: where.
        secret: what entries are signed with; the same in every process that is to use them.
    """
    if url.startswith("memcached://"):
        from bezant.kernel.cache.memcached import MemcachedBackend  # noqa: PLC0415 - see above

        return Cache(MemcachedBackend(url), secret)
    from bezant.kernel.cache.redis import RedisBackend  # noqa: PLC0415 - see above

    return Cache(RedisBackend(url), secret)
