"""The rotation of a tenant's key: the keys of its subjects are wrapped anew."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.sealing import SealBroken
from bezant.vault.crypto.aead import decrypt, encrypt
from bezant.vault.keys import TRIES_MAX, KeyKind, TenantKeys
from bezant.vault.keys.subjects import context_of
from bezant.vault.rotation import store
from bezant.vault.rotation.progress import BEFORE_ALL, Running

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_PORTION: Final = 200


class TenantRotation:
    """Makes the next version of a tenant's key, and moves the keys of all its subjects to it.

    The order is what keeps readers going: the new version is durable before anything is wrapped
    under it, and nothing can be wrapped under the former ones before the last look for what is.

    Args:
        database: the main one.
        keys: the second one.
    """

    def __init__(
        self,
        database: Database,
        keys: Database,
        tenants: TenantKeys,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._keys = keys
        self._tenants = tenants
        self._clock = clock
        self._random_bytes = random_bytes

    async def total(self, tenant_id: UUID) -> int:
        """How many keys of subjects there are."""
        [row] = await self._keys.fetch(store.COUNT_SUBJECT_KEYS, tenant_id)
        return int(row["count"])

    async def run(self, rotation: Running) -> None:
        """Begin it, or go on with it, to its end."""
        tenant_id = rotation.tenant_id
        version = await self._tenants.rotate(tenant_id, KeyKind.TENANT, rotation.id)
        await rotation.set_to_version(str(version))
        await self._keys.transaction(
            lambda connection: connection.execute(store.RAISE_TENANT_KEY_FLOOR, tenant_id, version)
        )
        for _ in range(TRIES_MAX):
            await self._pass(rotation, version)
            left: int = await self._keys.transaction(
                lambda connection: connection.fetchval(
                    store.COUNT_SUBJECT_KEYS_BELOW, tenant_id, version
                )
            )
            if left <= rotation.failed:
                break
            rotation.look_again()
        if not left:
            await mark_emptied(self._database, self._clock, tenant_id, KeyKind.TENANT, version)
        await rotation.end(left)

    async def _pass(self, rotation: Running, version: int) -> None:
        tenant_id = rotation.tenant_id
        subject_id, number = _read(rotation.position)
        while rows := await self._keys.fetch(
            store.FIND_SUBJECT_KEYS_BELOW, tenant_id, version, subject_id, number, _PORTION
        ):
            subject_id, number = rows[-1]["subject_id"], rows[-1]["version"]
            moved, failed = await self._move(tenant_id, version, rows)
            await rotation.go_on(f"{subject_id} {number}", failed, moved)

    async def _move(
        self, tenant_id: UUID, version: int, rows: "list[asyncpg.Record]"
    ) -> tuple[int, int]:
        """Wrap keys anew; how many, and how many could not be opened."""
        wanted = {version, *(row["tenant_key_version"] for row in rows)}
        keys = await self._tenants.of_versions(tenant_id, KeyKind.TENANT, wanted)
        moved: list[tuple[UUID, int, int, int, bytes]] = []
        for row in rows:
            former = keys.get(row["tenant_key_version"])
            if former is None:
                continue
            context = context_of(tenant_id, row["subject_id"], row["version"])
            try:
                raw = decrypt(former.key, row["wrapped"], context)
            except SealBroken:
                continue
            wrapped = encrypt(keys[version].key, raw, context, self._random_bytes)
            name = (row["subject_id"], row["version"])
            moved.append((*name, row["tenant_key_version"], version, wrapped))
        for key in keys.values():
            key.key.wipe()
        tag = await self._keys.transaction(
            lambda connection: connection.execute(
                store.REWRAP_SUBJECT_KEYS,
                tenant_id,
                *([each[n] for each in moved] for n in range(5)),
            )
        )
        return int(tag.rpartition(" ")[2]), len(rows) - len(moved)


async def mark_emptied(
    database: Database, clock: Clock, tenant_id: UUID, kind: str, version: int
) -> None:
    """Say that nothing needs the versions of a tenant's key before `version` but backups."""

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        now = clock.now()
        await connection.execute(store.MARK_TENANT_KEYS_EMPTIED, tenant_id, kind, version, now)

    await database.transaction(work)


def _read(position: str | None) -> tuple[UUID, int]:
    if position is None:
        return BEFORE_ALL, 0
    subject_id, number = position.split(" ")
    return UUID(subject_id), int(number)
