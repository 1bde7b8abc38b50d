"""Ending versions of keys that nothing needs, not even a backup."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.idempotency import once
from bezant.vault.keys import KeyKind, TenantKeys
from bezant.vault.keystores import KeyStore
from bezant.vault.rotation import store
from bezant.vault.rotation.digests import Redigest
from bezant.vault.rotation.errors import (
    KeyInUse,
    KeyKeptForBackups,
    KeyVersionNotFound,
    UnknownKeyKind,
)
from bezant.vault.rotation.progress import BEFORE_ALL
from bezant.vault.rotation.schemas import DestroyedKeys, KeyDestruction

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_PORTION: Final = 500


class Destruction:
    """Destroys restore-only versions.

    Args:
        database: the main one.
        keys: the second one.
        kept: how long a backup is kept, and with it whatever opens it.
    """

    def __init__(
        self,
        database: Database,
        keys: Database,
        key_store: KeyStore,
        tenants: TenantKeys,
        clock: Clock,
        kept: timedelta,
    ) -> None:
        self._database = database
        self._keys = keys
        self._key_store = key_store
        self._tenants = tenants
        self._clock = clock
        self._kept = kept

    async def root(self, call: Call, version: str, reason: str | None) -> Answer:
        """Destroy a version of the root (200 `DestroyedKeys`)."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            rows = await connection.fetch(store.FIND_ROOTS)
            found = [row for row in rows if row["version"] == version]
            if not found:
                raise KeyVersionNotFound("The root was never rotated away from that version.")
            count = int(await connection.fetchval(store.COUNT_KEYS_OF_ROOT, version))
            self._require_free(found[0], count, reason)
            # First there and then here, so that the book never says that a root is gone which is
            # not; a repeat of either is no error.
            await self._key_store.destroy(version)
            await connection.execute(store.DESTROY_ROOT, version)
            return _answer(found[0]["state"] != "destroyed")

        return await once(self._database, self._clock, _for(call, reason), work)

    async def of_tenant(self, call: Call, asked: KeyDestruction, digests: Redigest) -> Answer:
        """Destroy a version of a tenant's key (200 `DestroyedKeys`)."""
        version = asked.version
        if version is None:
            raise UnknownKeyKind("Name a version of this kind.", field="version")
        tenant_id, kind = call.tenant_id, asked.kind
        in_use = await self._count_under(tenant_id, kind, version, digests)

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            row = await connection.fetchrow(store.FIND_TENANT_KEY, tenant_id, kind, version)
            if row is None:
                raise KeyVersionNotFound("There is no such version.")
            self._require_free(row, in_use, asked.reason)
            await connection.execute(store.DESTROY_TENANT_KEY, tenant_id, kind, version)
            return _answer(row["state"] != "destroyed")

        answer = await once(self._database, self._clock, _for(call, asked.reason), work)
        if not answer.is_refusal:
            self._tenants.forget(tenant_id, kind, version)
        return answer

    async def of_subjects(self, call: Call, asked: KeyDestruction) -> Answer:
        """Destroy what versions of subjects' keys nothing needs (200 `DestroyedKeys`)."""
        before = self._clock.now() - (timedelta() if asked.reason else self._kept)

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            destroyed = 0
            subject_id, version = BEFORE_ALL, 0
            while rows := await self._keys.fetch(
                store.FIND_SUBJECT_KEYS_EMPTIED,
                call.tenant_id,
                asked.subject_id,
                before,
                subject_id,
                version,
                _PORTION,
            ):
                subject_id, version = rows[-1]["subject_id"], rows[-1]["version"]
                names = {(row["subject_id"], row["version"]) for row in rows}
                destroyed += await self._destroy(connection, call.tenant_id, names)
            return Answer.of(DestroyedKeys(destroyed))

        return await once(self._database, self._clock, _for(call, asked.reason), work)

    async def _destroy(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        names: set[tuple[UUID, int]],
    ) -> int:
        # A database restored from before a rotation has values under them again.
        in_use = await connection.fetch(store.FIND_KEYS_IN_USE, tenant_id, *_columns(sorted(names)))
        free = sorted(names - {(row["subject_id"], row["key_version"]) for row in in_use})
        tag = await self._keys.transaction(
            lambda keys: keys.execute(
                store.DESTROY_SUBJECT_KEYS, tenant_id, *_columns(free), self._clock.now()
            )
        )
        return int(tag.rpartition(" ")[2])

    async def _count_under(
        self, tenant_id: UUID, kind: str, version: int, digests: Redigest
    ) -> int:
        if kind != KeyKind.TENANT:
            return await digests.left(tenant_id, version + 1)
        count: int = await self._keys.transaction(
            lambda connection: connection.fetchval(
                store.COUNT_SUBJECT_KEYS_UNDER, tenant_id, version
            )
        )
        return count

    def _require_free(self, row: "asyncpg.Record", in_use: int, reason: str | None) -> None:
        """Look that a version may go.

        Raises:
            KeyInUse: something still opens under it only, or may.
            KeyKeptForBackups: a backup may need it, and no reason is given.
        """
        if row["state"] == "destroyed":
            return
        if row["state"] == "active" or in_use or row["emptied_at"] is None:
            raise KeyInUse("The version is in use: rotate first, until nothing fails.")
        until = row["emptied_at"] + self._kept
        if reason is None and self._clock.now() < until:
            raise KeyKeptForBackups(
                f"Backups may need it until {until.isoformat()}; a reason forces it."
            )


def _answer(is_new: bool) -> Answer:  # noqa: FBT001 - of a private step
    return Answer.of(DestroyedKeys(int(is_new)))


def _for(call: Call, reason: str | None) -> Call:
    """The call as the audit log is to know it."""
    return msgspec.structs.replace(call, purpose=reason or "")


def _columns(names: list[tuple[UUID, int]]) -> tuple[list[UUID], list[int]]:
    return [subject_id for subject_id, _ in names], [version for _, version in names]
