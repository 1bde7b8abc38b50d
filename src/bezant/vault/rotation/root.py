"""The root's rotation: every tenant's keys are wrapped anew, under the key store's next version."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.vault.keys.tenants import TRIES_MAX, context_of
from bezant.vault.keystores import BoundKeys, KeyRefused, KeyStore, Wrapped
from bezant.vault.rotation import store
from bezant.vault.rotation.progress import BEFORE_ALL, Running

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

# Each is two requests to the key store.
_PORTION: Final = 20


class RootRotation:
    """Makes the next version of the root, and moves every key of a tenant to it.

    Args:
        database: the main one.
        key_store: has the root.
    """

    def __init__(self, database: Database, clock: Clock, key_store: KeyStore) -> None:
        self._database = database
        self._clock = clock
        self._key_store = key_store
        self._keys = BoundKeys(key_store)

    async def total(self) -> int:
        """How many keys there are."""
        [row] = await self._database.fetch(store.COUNT_KEYS)
        return int(row["count"])

    async def run(self, rotation: Running) -> None:
        """Begin it, or go on with it, to its end."""
        version = await self._next(rotation)
        for _ in range(TRIES_MAX):
            await self._pass(rotation, version)
            left = await self._finish(version)
            if left <= rotation.failed:
                break
            rotation.look_again()
        await rotation.end(left)

    async def _pass(self, rotation: Running, version: str) -> None:
        tenant_id, kind, number = _read(rotation.position)
        while rows := await self._database.fetch(
            store.FIND_KEYS_OF_OTHER_ROOTS, version, tenant_id, kind, number, _PORTION
        ):
            last = rows[-1]
            tenant_id, kind, number = last["tenant_id"], last["kind"], last["version"]
            moved, failed = await self._move(rows)
            await rotation.go_on(f"{tenant_id} {number} {kind}", failed, moved)

    async def _next(self, rotation: Running) -> str:
        """The version to move to, made once."""
        version = rotation.to_version
        if version is None:
            # A process that was killed may have made it already, before it could write that down.
            version = await self._key_store.current()
            if version == rotation.from_version:
                version = await self._key_store.rotate()
        await self._write_down(rotation.from_version, version)
        await rotation.set_to_version(version)
        return version

    async def _write_down(self, former: str | None, version: str) -> None:
        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            now = self._clock.now()
            await connection.execute(store.INSERT_ROOT, former, "restore_only", now)
            await connection.execute(store.RETIRE_ROOTS, version)
            await connection.execute(store.INSERT_ROOT, version, "active", now)

        await self._database.transaction(work)

    async def _move(self, rows: "list[asyncpg.Record]") -> tuple[int, int]:
        """Wrap keys anew; how many, and how many could not be opened."""
        moved: list[tuple[UUID, str, int, str, str, bytes]] = []
        for row in rows:
            context = context_of(row["tenant_id"], row["kind"], row["version"])
            try:
                raw = await self._keys.unwrap(Wrapped(row["root_version"], row["wrapped"]), context)
            except KeyRefused:
                continue
            new = await self._keys.wrap(raw, context)
            name = (row["tenant_id"], row["kind"], row["version"])
            moved.append((*name, row["root_version"], new.version, new.blob))
        tag = await self._database.transaction(
            lambda connection: connection.execute(
                store.REWRAP_TENANT_KEYS, *([each[n] for each in moved] for n in range(6))
            )
        )
        return int(tag.rpartition(" ")[2]), len(rows) - len(moved)

    async def _finish(self, version: str) -> int:
        """Say that nothing needs the former versions, unless something does: how much."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> int:
            left = int(await connection.fetchval(store.COUNT_KEYS_OF_OTHER_ROOTS, version))
            if not left:
                await connection.execute(store.MARK_ROOTS_EMPTIED, version, self._clock.now())
            return left

        return await self._database.transaction(work)


def _read(position: str | None) -> tuple[UUID, str, int]:
    if position is None:
        return BEFORE_ALL, "", 0
    tenant_id, number, kind = position.split(" ", 2)
    return UUID(tenant_id), kind, int(number)
