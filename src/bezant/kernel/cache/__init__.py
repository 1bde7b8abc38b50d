"""The cache: signed, versioned values on a server that may lose or forge any of them."""

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


def open_cache(url: str, secret: bytes) -> Cache:
    """The cache behind a URL: `redis://`, `rediss://`, `unix://` or `memcached://`.

    Nothing is connected before the first use, so a platform starts without its cache.

    Args:
        url: where.
        secret: what entries are signed with; the same in every process that is to use them.
    """
    backend = MemcachedBackend(url) if url.startswith("memcached://") else RedisBackend(url)
    return Cache(backend, secret)
