"""Rotations: asked for, worked on in the background, told of."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, TooContended
from bezant.kernel.errors import Unavailable
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.vault.keys import KeyKind, KeyRetired, SubjectKeys, TenantKeys
from bezant.vault.keystores import KeyRefused, KeyStore
from bezant.vault.rotation import store
from bezant.vault.rotation.data import DataRotation
from bezant.vault.rotation.destroying import Destruction
from bezant.vault.rotation.digests import DigestRotation, IndexDigests, NoDigests, Redigest
from bezant.vault.rotation.errors import RotationNotFound, RotationRunning, UnknownKeyKind
from bezant.vault.rotation.progress import PLATFORM, Running, rotation_of
from bezant.vault.rotation.root import RootRotation
from bezant.vault.rotation.schemas import (
    KEPT_DAYS,
    KeyDestruction,
    KeyVersion,
    KeyVersions,
    NewRotation,
    Rotation,
    Rotations,
)
from bezant.vault.rotation.tenant import TenantRotation

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

ROOT: Final = "root"
DATA: Final = "data"

_LOOK_EVERY_S: Final = 5.0
_AFTER_ALL: Final = UUID(int=(1 << 128) - 1)
_INDEX: Final = "index:"

# After these it goes on later, from where it is.
_PAUSES: Final = (Unavailable, CommitUnknown, TooContended, KeyRetired, KeyRefused)

log = structlog.get_logger("bezant.vault")


@dataclass(frozen=True, slots=True)
class Means:
    """What rotations work with.

    Attributes:
        database: the main one, as the vault's role.
        keys: the second one, which holds the keys of subjects.
        random_bytes: where keys and nonces come from.
    """

    database: Database
    keys: Database
    key_store: KeyStore
    tenants: TenantKeys
    subjects: SubjectKeys
    clock: Clock
    ids: Ids
    random_bytes: Callable[[int], bytes]


class RotationService:
    """Rotates keys while they are in use, and ends what nothing needs any more.

    Whoever asks is answered at once. The work goes on in the background, in small portions, and
    after a kill it goes on from what the rows themselves say is left.

    Args:
        fingerprints: the digests of the kind `fingerprint`.
        kept: how long backups are kept.
    """

    def __init__(
        self,
        means: Means,
        *,
        fingerprints: Redigest | None = None,
        kept: timedelta = timedelta(days=KEPT_DAYS),
    ) -> None:
        database, keys, clock = means.database, means.keys, means.clock
        tenants, subjects, random_bytes = means.tenants, means.subjects, means.random_bytes
        self._database = database
        self._keys = keys
        self._key_store = means.key_store
        self._tenants = tenants
        self._subjects = subjects
        self._clock = clock
        self._ids = means.ids
        self._fingerprints = fingerprints or NoDigests()
        self._kept = kept
        self._root = RootRotation(database, clock, means.key_store)
        self._tenant = TenantRotation(database, keys, tenants, clock, random_bytes)
        self._data = DataRotation(database, keys, subjects, clock, random_bytes)
        self._digests = DigestRotation(database, tenants, clock)
        self._destruction = Destruction(database, keys, means.key_store, tenants, clock, kept)
        self._asked = asyncio.Event()

    async def start(self, call: Call, new: NewRotation) -> Answer:
        """Begin a rotation of a tenant's keys (202 `Rotation`)."""
        tenant_id, kind = call.tenant_id, new.kind
        if new.subject_id is not None and kind != DATA:
            raise UnknownKeyKind("Only `data` are keys of one subject.", field="subject_id")
        former = None
        if kind == DATA:
            total = await self._data.total(tenant_id, new.subject_id)
        else:
            versions = await self._tenants.versions(tenant_id, kind)
            former = str(max(versions)) if versions else None
            total = await self._total(tenant_id, kind)
        return await self._start(call, kind, new.subject_id, former, total)

    async def start_root(self, call: Call) -> Answer:
        """Begin a rotation of the root (202 `Rotation`): of the platform, not of a tenant."""
        assert call.tenant_id == PLATFORM
        former = await self._key_store.current()
        return await self._start(call, ROOT, None, former, await self._root.total())

    async def get(self, tenant_id: UUID, rotation_id: UUID) -> Rotation:
        """One rotation.

        Raises:
            RotationNotFound: the tenant has none such.
        """
        row = await self._database.fetchrow(store.FIND_ROTATION, tenant_id, rotation_id)
        if row is None:
            raise RotationNotFound("There is no such rotation.")
        return rotation_of(row)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> Rotations:
        """A tenant's rotations, the newest first, after the one with the identifier `after`."""
        start = _AFTER_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST_ROTATIONS, tenant_id, start, limit + 1)
        found = [rotation_of(row) for row in rows[:limit]]
        return Rotations(found, str(found[-1].id) if len(rows) > limit else None)

    async def keys(self, tenant_id: UUID) -> KeyVersions:
        """The versions of a tenant's keys."""
        rows = await self._database.fetch(store.LIST_TENANT_KEYS, tenant_id)
        counted = await self._keys.fetch(store.COUNT_SUBJECT_KEYS_BY_STATE, tenant_id)
        return KeyVersions(
            [self._version(row["kind"], row) for row in rows],
            {row["state"]: row["count"] for row in counted},
        )

    async def subject_keys(self, tenant_id: UUID, subject_id: UUID) -> KeyVersions:
        """The versions of one subject's key."""
        rows = await self._keys.fetch(store.LIST_SUBJECT_KEYS, tenant_id, subject_id)
        return KeyVersions([self._version(DATA, row) for row in rows], {})

    async def roots(self) -> list[KeyVersion]:
        """The versions of the root; none before its first rotation."""
        rows = await self._database.fetch(store.FIND_ROOTS)
        return [self._version(ROOT, row) for row in rows]

    async def destroy(self, call: Call, asked: KeyDestruction) -> Answer:
        """End versions of a tenant's keys that nothing needs (200 `DestroyedKeys`)."""
        if asked.kind == DATA:
            return await self._destruction.of_subjects(call, asked)
        return await self._destruction.of_tenant(call, asked, self._redigest(asked.kind))

    async def destroy_root(self, call: Call, version: str, reason: str | None) -> Answer:
        """End a version of the root that nothing needs (200 `DestroyedKeys`)."""
        return await self._destruction.root(call, version, reason)

    async def work(self) -> None:
        """Carry on with whatever is running, now and whenever something is asked for."""
        while True:
            self._asked.clear()
            await self.carry_on()
            try:
                await asyncio.wait_for(self._asked.wait(), _LOOK_EVERY_S)
            except TimeoutError:
                continue  # another process may have begun one, or been killed in one

    async def carry_on(self) -> None:
        """Bring what is running to its end, or as far as it goes now."""
        try:
            rows = await self._database.fetch(store.FIND_RUNNING)
            for row in rows:
                rotation = await Running.find(
                    self._database, self._clock, row["tenant_id"], row["rotation_id"]
                )
                if rotation is not None:
                    await self._carry_on(rotation)
        except _PAUSES as error:
            log.warning("rotations_paused", reason=type(error).__name__)

    async def _carry_on(self, rotation: Running) -> None:
        try:
            await self._run(rotation)
        except _PAUSES as error:
            reason = error.code if isinstance(error, Unavailable) else type(error).__name__
            log.warning("rotation_paused", kind=rotation.kind, reason=reason)
            await rotation.stop(reason)

    async def _run(self, rotation: Running) -> None:
        if rotation.kind == ROOT:
            await self._root.run(rotation)
        elif rotation.kind == KeyKind.TENANT:
            await self._tenant.run(rotation)
        elif rotation.kind == DATA:
            await self._data.run(rotation)
        else:
            await self._digests.run(rotation, self._redigest(rotation.kind))

    async def _start(
        self, call: Call, kind: str, subject_id: UUID | None, former: str | None, total: int
    ) -> Answer:
        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            if await connection.fetch(store.FIND_RUNNING_OF_KIND, call.tenant_id, kind):
                raise RotationRunning("Wait until it has ended.")
            rotation_id = self._ids.new()
            await connection.execute(
                store.INSERT_ROTATION,
                call.tenant_id,
                rotation_id,
                kind,
                subject_id,
                former,
                total,
                self._clock.now(),
            )
            row = await connection.fetchrow(store.FIND_ROTATION, call.tenant_id, rotation_id)
            assert row is not None
            return Answer.of(rotation_of(row), 202)

        answer = await once(self._database, self._clock, call, work)
        self._asked.set()
        return answer

    async def _total(self, tenant_id: UUID, kind: str) -> int:
        if kind == KeyKind.TENANT:
            return await self._tenant.total(tenant_id)
        return await self._redigest(kind).total(tenant_id)

    def _redigest(self, kind: str) -> Redigest:
        if kind == KeyKind.FINGERPRINT:
            return self._fingerprints
        if kind.startswith(_INDEX):
            field = kind.removeprefix(_INDEX)
            return IndexDigests(self._database, self._tenants, self._subjects, field)
        return NoDigests()

    def _version(self, kind: str, row: "asyncpg.Record") -> KeyVersion:
        emptied_at = row["emptied_at"]
        return KeyVersion(
            kind,
            str(row["version"]),
            row["state"],
            row["created_at"],
            emptied_at,
            None if emptied_at is None else emptied_at + self._kept,
        )
