"""Books in front of the database."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.cache import Cache, CacheName, New
from bezant.ledger.schemas import Book

TTL_S: Final = 300.0
_VERSION: Final = 0


class CachedBooks:
    """Reads of books. A book never changes: an entry that is genuine is right."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def read(
        self, tenant_id: UUID, book_id: UUID, find: Callable[[], Awaitable[Book]]
    ) -> bytes:
        """The book as JSON; out of the database when the cache has it not."""
        name = CacheName(tenant_id, "book", str(book_id))
        found = await self._cache.read(name)
        if found is not None:
            return found.value
        body = msgspec.json.encode(await find())
        await self._cache.write([New(name, _VERSION, body)], ttl_s=TTL_S)
        return body
