"""Keys of tenants: wrapped by the key store's root, at hand in memory for minutes.

Which key is active is read from the database every time, so that a rotation is followed by all
processes at once; only unwrapping is spared.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.vault.crypto.cache import KeyCache
from bezant.vault.crypto.context import length_prefixed
from bezant.vault.crypto.keys import KEY_BYTES, KeyBytes
from bezant.vault.keys import store
from bezant.vault.keystores import BoundKeys, Wrapped

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

Name = tuple[UUID, str, int]


class KeyKind(StrEnum):
    """What a key of a tenant is for. Keys of blind indexes are called by `index_kind`."""

    TENANT = "tenant"
    FINGERPRINT = "fingerprint"
    REQUESTS = "requests"
    FORMAT = "format"


def index_kind(field: str) -> str:
    """The kind of the key under which a field's values are indexed: each has its own."""
    return f"index:{field}"


class KeyDestroyed(Exception):  # noqa: N818 - what became of the key
    """The version is unknown, or destroyed: what it wrapped stays closed."""


@dataclass(frozen=True, slots=True)
class TenantKey:
    """A key to be used at once and wiped: `with found.key`.

    Attributes:
        is_active: whether new work may be done under it; the others only open and compare.
    """

    version: int
    is_active: bool
    key: KeyBytes


def context_of(tenant_id: UUID, kind: str, version: int) -> bytes:
    """The only place in which a tenant's key opens."""
    return length_prefixed(
        b"bezant vault key 1", tenant_id.bytes, kind.encode(), version.to_bytes(8, "big")
    )


class TenantKeys:
    """Finds keys of tenants, and makes those that are missing.

    Args:
        database: the main one, as the vault's role.
        keys: the key store.
        cache: owns keys in memory.
        random_bytes: where new keys come from.
    """

    def __init__(
        self,
        database: Database,
        keys: BoundKeys,
        clock: Clock,
        cache: KeyCache[Name],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._cache = cache
        self._random_bytes = random_bytes

    async def active(self, tenant_id: UUID, kind: str) -> TenantKey:
        """The key for new work, made now if there is none.

        Raises:
            KeyStoreDown: it cannot be unwrapped now.
        """
        [*found] = await self._find(tenant_id, [kind])
        if not found:
            await self._make(tenant_id, kind)
            found = await self._find(tenant_id, [kind])
        [row] = [row for row in found if row["state"] == "active"]
        return await self._unwrap(tenant_id, row)

    async def every(self, tenant_id: UUID, kind: str) -> list[TenantKey]:
        """All versions that are not destroyed, the newest first; none where none was made.

        Raises:
            KeyStoreDown: one cannot be unwrapped now.
        """
        return [await self._unwrap(tenant_id, row) for row in await self._find(tenant_id, [kind])]

    async def of_versions(
        self, tenant_id: UUID, kind: str, versions: Iterable[int]
    ) -> dict[int, TenantKey]:
        """Keys for opening, by version; a destroyed or unknown one is not among them.

        Raises:
            KeyStoreDown: one cannot be unwrapped now.
        """
        wanted = set(versions)
        rows = await self._find(tenant_id, [kind])
        return {
            row["version"]: await self._unwrap(tenant_id, row)
            for row in rows
            if row["version"] in wanted
        }

    async def _find(self, tenant_id: UUID, kinds: list[str]) -> "list[asyncpg.Record]":
        return await self._database.fetch(store.FIND_TENANT_KEYS, tenant_id, kinds)

    async def _unwrap(self, tenant_id: UUID, row: "asyncpg.Record") -> TenantKey:
        kind, version = row["kind"], row["version"]
        name = (tenant_id, kind, version)
        kept = self._cache.get(name)
        if kept is None:
            wrapped = Wrapped(row["root_version"], row["wrapped"])
            raw = await self._keys.unwrap(wrapped, context_of(tenant_id, kind, version))
            kept = self._cache.get(name)  # another request may have fetched it meanwhile
            if kept is None:
                kept = KeyBytes(raw)
                self._cache.put(name, kept)
        return TenantKey(version, row["state"] == "active", KeyBytes(kept.raw))

    async def _make(self, tenant_id: UUID, kind: str) -> None:
        key = self._random_bytes(KEY_BYTES)
        wrapped = await self._keys.wrap(key, context_of(tenant_id, kind, _FIRST))

        async def insert(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await connection.execute(
                store.INSERT_TENANT_KEY,
                tenant_id,
                kind,
                _FIRST,
                wrapped.version,
                wrapped.blob,
                self._clock.now(),
            )

        await self._database.transaction(insert)


_FIRST: Final = 1
