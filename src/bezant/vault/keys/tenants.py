"""Keys of tenants: wrapped by the key store's root, at hand in memory for minutes.

Which key is active is read from the database for every request, so that a rotation is followed by
all processes at once; only unwrapping is spared.
"""

from collections.abc import Callable, Iterable, Sequence
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
from bezant.vault.keys.errors import KeyRetired
from bezant.vault.keystores import BoundKeys, KeyRefused, Wrapped

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

Name = tuple[UUID, str, int]

Seen = Sequence["asyncpg.Record"]
"""A tenant's keys as one look found them."""

TRIES_MAX: Final = 10
"""How often work is begun again that a rotation came in between of."""


class KeyKind(StrEnum):
    """What a key of a tenant is for. Keys of blind indexes are called by `index_kind`."""

    TENANT = "tenant"
    FINGERPRINT = "fingerprint"
    REQUESTS = "requests"
    FORMAT = "format"


def index_kind(field: str) -> str:
    """The kind of the key under which a field's values are indexed: each has its own."""
    return f"index:{field}"


@dataclass(frozen=True, slots=True)
class TenantKey:
    """A key to be used at once and wiped: `with found.key`.

    Attributes:
        is_active: whether new work may be done under it; the others only open and compare.
    """

    version: int
    is_active: bool
    key: KeyBytes


_FIRST: Final = 1
_RETIRED: Final = ("restore_only", "destroyed")


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

    async def look(self, tenant_id: UUID, *kinds: str) -> Seen:
        """Several kinds of keys in one look, for a request that needs them one after the other."""
        return await self._find(tenant_id, list(kinds))

    async def active(self, tenant_id: UUID, kind: str, seen: Seen = ()) -> TenantKey:
        """The key for new work, made now if there is none.

        What was `seen` before is believed: work under a key that was retired since is refused where
        it is written.

        Raises:
            KeyStoreDown: it cannot be unwrapped now.
        """
        rows = _of_kind(seen, kind)
        for _ in range(TRIES_MAX):
            for row in rows or await self._find(tenant_id, [kind]):
                if row["state"] == "active":
                    return await self._unwrap(tenant_id, row)
            rows = []
            await self._make(tenant_id, kind)
        raise KeyRetired(f"{TRIES_MAX} rotations came in between.")

    async def every(self, tenant_id: UUID, kind: str, seen: Seen = ()) -> list[TenantKey]:
        """All versions that are not destroyed, the newest first; none where none was made.

        Raises:
            KeyStoreDown: one cannot be unwrapped now.
        """
        rows = _of_kind(seen, kind) or await self._find(tenant_id, [kind])
        return [await self._unwrap(tenant_id, row) for row in rows]

    async def of_versions(
        self, tenant_id: UUID, kind: str, versions: Iterable[int], seen: Seen = ()
    ) -> dict[int, TenantKey]:
        """Keys for opening, by version; a destroyed or unknown one is not among them.

        Raises:
            KeyStoreDown: one cannot be unwrapped now.
        """
        wanted = set(versions)
        if not wanted:
            return {}
        rows = _of_kind(seen, kind)
        if not wanted <= {row["version"] for row in rows}:  # one was made since
            rows = await self._find(tenant_id, [kind])
        return {
            row["version"]: await self._unwrap(tenant_id, row)
            for row in rows
            if row["version"] in wanted
        }

    async def versions(self, tenant_id: UUID, kind: str) -> set[int]:
        """Which versions are not destroyed."""
        return {row["version"] for row in await self._find(tenant_id, [kind])}

    async def rotate(self, tenant_id: UUID, kind: str, rotation_id: UUID) -> int:
        """Make the kind's next version, and retire those before; once for one rotation.

        Raises:
            KeyStoreDown: it cannot be wrapped now.
        """
        for _ in range(TRIES_MAX):
            found = await self._database.fetch(store.FIND_TENANT_KEY_VERSIONS, tenant_id, kind)
            made = [row["version"] for row in found if row["rotation_id"] == rotation_id]
            if made:
                return int(made[0])
            version = found[0]["version"] + 1 if found else _FIRST
            await self._make(tenant_id, kind, version, rotation_id)
        raise KeyRetired(f"{TRIES_MAX} rotations came in between.")

    def forget(self, tenant_id: UUID, kind: str, version: int) -> None:
        """Overwrite a key that is destroyed."""
        self._cache.drop((tenant_id, kind, version))

    async def _find(self, tenant_id: UUID, kinds: list[str]) -> "list[asyncpg.Record]":
        return await self._database.fetch(store.FIND_TENANT_KEYS, tenant_id, kinds)

    async def _unwrap(self, tenant_id: UUID, row: "asyncpg.Record") -> TenantKey:
        kind, version = row["kind"], row["version"]
        name = (tenant_id, kind, version)
        kept = self._cache.get(name)
        if kept is None:
            raw = await self._raw(tenant_id, row)
            kept = self._cache.get(name)  # another request may have fetched it meanwhile
            if kept is None:
                kept = KeyBytes(raw)
                self._cache.put(name, kept)
        return TenantKey(version, row["state"] == "active", KeyBytes(kept.raw))

    async def _raw(self, tenant_id: UUID, row: "asyncpg.Record") -> bytes:
        """The key from its key store, however often its root is rotated meanwhile."""
        kind, version = row["kind"], row["version"]
        for _ in range(TRIES_MAX):
            wrapped = Wrapped(row["root_version"], row["wrapped"])
            try:
                return await self._keys.unwrap(wrapped, context_of(tenant_id, kind, version))
            except KeyRefused:
                # Between reading the row and now, its root may have been destroyed: then the row
                # says something else by now.
                found = await self._find(tenant_id, [kind])
                again = [other for other in found if other["version"] == version]
                if not again or again[0]["root_version"] == row["root_version"]:
                    raise
                [row] = again
        raise KeyRetired(f"{TRIES_MAX} rotations came in between.")

    async def _make(
        self,
        tenant_id: UUID,
        kind: str,
        version: int = _FIRST,
        rotation_id: UUID | None = None,
    ) -> None:
        """Make a version unless another did meanwhile, or its root was rotated: then look again."""
        key = self._random_bytes(KEY_BYTES)
        wrapped = await self._keys.wrap(key, context_of(tenant_id, kind, version))

        async def insert(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            root = await connection.fetchval(store.FIND_ROOT, wrapped.version)
            found = await connection.fetch(store.FIND_TENANT_KEY_VERSIONS, tenant_id, kind)
            newest = found[0]["version"] if found else _FIRST - 1
            if root in _RETIRED or newest != version - 1:
                return
            await connection.execute(store.RETIRE_TENANT_KEY, tenant_id, kind)
            await connection.execute(
                store.INSERT_TENANT_KEY,
                tenant_id,
                kind,
                version,
                wrapped.version,
                wrapped.blob,
                self._clock.now(),
                rotation_id,
            )

        await self._database.transaction(insert)


def _of_kind(seen: Seen, kind: str) -> "list[asyncpg.Record]":
    return [row for row in seen if row["kind"] == kind]
