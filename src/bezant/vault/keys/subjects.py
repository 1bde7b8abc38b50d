"""Keys of subjects: in a database of their own, wrapped under their tenant's key.

They are read for every use and kept nowhere else, so that destroying one takes effect in every
process at once.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.vault.crypto.aead import MESSAGES_PER_KEY_MAX, decrypt, encrypt
from bezant.vault.crypto.context import length_prefixed
from bezant.vault.crypto.keys import KEY_BYTES, KeyBytes
from bezant.vault.keys import store
from bezant.vault.keys.errors import KeyRetired
from bezant.vault.keys.tenants import TRIES_MAX, KeyKind, Seen, TenantKey, TenantKeys

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

RESERVED_MESSAGES: Final = 256
"""Messages counted ahead: a subject's row is written once for so many, not for each."""

_ALLOWANCES_MAX: Final = 10_000

Versioned = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A key to be used at once and wiped: `with found.key`."""

    version: int
    key: KeyBytes


def context_of(tenant_id: UUID, subject_id: UUID, version: int) -> bytes:
    """The only place in which a subject's key opens."""
    return length_prefixed(
        b"bezant subject key 1", tenant_id.bytes, subject_id.bytes, version.to_bytes(8, "big")
    )


class SubjectKeys:
    """Finds keys of subjects, and makes those that are missing.

    Args:
        database: the second one.
        tenants: keys of tenants, which wrap these.
        random_bytes: where new keys and nonces come from.
        messages_max: what is sealed under one version before the next is made.
    """

    def __init__(
        self,
        database: Database,
        tenants: TenantKeys,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        *,
        messages_max: int = MESSAGES_PER_KEY_MAX,
    ) -> None:
        self._database = database
        self._tenants = tenants
        self._clock = clock
        self._random_bytes = random_bytes
        self._messages_max = messages_max
        # What was counted ahead and not sealed yet; what is forgotten was counted in vain.
        self._allowances: OrderedDict[tuple[UUID, UUID, int], int] = OrderedDict()

    async def for_sealing(
        self, tenant_id: UUID, messages: Mapping[UUID, int], seen: Seen = ()
    ) -> dict[UUID, SubjectKey]:
        """The active key of each subject, made now if there is none.

        One that was erased is not among them: nothing may be sealed for it any more.

        Args:
            tenant_id: whose subjects.
            messages: how many each key is about to seal.
            seen: the tenant's keys, if they were looked at for this request.

        Raises:
            KeyStoreDown: the tenant's key cannot be unwrapped now.
        """
        for _ in range(TRIES_MAX):
            try:
                return await self._for_sealing(tenant_id, messages, seen)
            except KeyRetired:
                seen = ()
        raise KeyRetired(f"{TRIES_MAX} rotations came in between.")

    async def _for_sealing(
        self, tenant_id: UUID, messages: Mapping[UUID, int], seen: Seen
    ) -> dict[UUID, SubjectKey]:
        tenant_key = await self._tenants.active(tenant_id, KeyKind.TENANT, seen)
        with tenant_key.key:

            async def work(
                connection: "PoolConnectionProxy[asyncpg.Record]",
            ) -> "dict[UUID, asyncpg.Record]":
                return await self._prepare(connection, tenant_id, tenant_key, messages)

            rows = await self._find(tenant_id, list(messages))
            active = {row["subject_id"]: row for row in rows if row["state"] == "active"}
            if not self._are_allowed(tenant_id, active, messages):
                active = await self._database.transaction(work)
                self._allow(tenant_id, active, messages)
            self._spend(tenant_id, active, messages)
            opened = await self._unwrap(tenant_id, active.values(), tenant_key)
        if len(opened) < len(active):
            raise KeyRetired("The tenant's key was destroyed after a rotation.")
        return {
            subject_id: SubjectKey(version, key) for (subject_id, version), key in opened.items()
        }

    async def for_opening(
        self, tenant_id: UUID, wanted: Iterable[Versioned], seen: Seen = ()
    ) -> dict[Versioned, KeyBytes]:
        """Keys of subjects by version; one that is destroyed is not among them.

        Raises:
            KeyStoreDown: the tenant's key cannot be unwrapped now.
        """
        asked = set(wanted)
        opened: dict[Versioned, KeyBytes] = {}
        wrapping: dict[Versioned, int] = {}
        for _ in range(TRIES_MAX):
            rows = await self._find(tenant_id, list({subject_id for subject_id, _ in asked}))
            # A key that did not open was erased; or its tenant's key was rotated and destroyed
            # after the row was read, and the row says something else by now.
            there = {
                (row["subject_id"], row["version"]): row
                for row in rows
                if row["state"] != "destroyed"
                and wrapping.get((row["subject_id"], row["version"])) != row["tenant_key_version"]
            }
            late = [row for name, row in there.items() if name in asked]
            opened |= await self._unwrap(tenant_id, late, seen=seen)
            wrapping |= {name: row["tenant_key_version"] for name, row in there.items()}
            asked -= opened.keys()
            if not late or not asked:
                break
        return opened

    async def rotate(
        self, tenant_id: UUID, subjects: Collection[UUID], rotation_id: UUID
    ) -> dict[UUID, int]:
        """Make the next version of each subject's key, and retire those before.

        Once for one rotation, so that it may be asked for again.

        Returns:
            The version that was made for the rotation, of each subject that has a key.

        Raises:
            KeyStoreDown: the tenant's key cannot be unwrapped now.
        """
        for _ in range(TRIES_MAX):
            tenant_key = await self._tenants.active(tenant_id, KeyKind.TENANT)
            with tenant_key.key:
                try:
                    return await self._database.transaction(
                        partial(
                            self._renew,
                            tenant_id=tenant_id,
                            tenant_key=tenant_key,
                            subjects=subjects,
                            rotation_id=rotation_id,
                        )
                    )
                except KeyRetired:
                    continue
        raise KeyRetired(f"{TRIES_MAX} rotations came in between.")

    async def _renew(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        *,
        tenant_id: UUID,
        tenant_key: TenantKey,
        subjects: Collection[UUID],
        rotation_id: UUID,
    ) -> dict[UUID, int]:
        rows = await connection.fetch(store.FIND_SUBJECT_KEY_VERSIONS, tenant_id, list(subjects))
        latest = {row["subject_id"]: row for row in rows}  # ordered by version
        made = {
            row["subject_id"]: row["version"] for row in rows if row["rotation_id"] == rotation_id
        }
        new = {
            subject_id: row["version"] + 1
            for subject_id, row in latest.items()
            if row["state"] != "destroyed" and subject_id not in made
        }
        await connection.execute(store.RETIRE_SUBJECT_KEYS, tenant_id, list(new))
        messages = dict.fromkeys(new, 0)
        await self._insert(connection, tenant_id, tenant_key, new, messages, rotation_id)
        return made | new

    async def _find(self, tenant_id: UUID, subjects: list[UUID]) -> "list[asyncpg.Record]":
        return await self._database.fetch(store.FIND_SUBJECT_KEYS, tenant_id, subjects)

    async def _prepare(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        tenant_key: TenantKey,
        messages: Mapping[UUID, int],
    ) -> "dict[UUID, asyncpg.Record]":
        """Within one transaction: count what will be sealed, and make keys where none fits."""
        rows = await connection.fetch(store.FIND_SUBJECT_KEYS, tenant_id, list(messages))
        latest = {row["subject_id"]: row for row in rows}  # ordered by version
        for subject_id in [name for name, row in latest.items() if row["state"] == "destroyed"]:
            del latest[subject_id]
            messages = {name: count for name, count in messages.items() if name != subject_id}
        full = [
            subject_id
            for subject_id, row in latest.items()
            if row["state"] != "active"
            or row["messages"] + self._counted(messages[subject_id]) > self._messages_max
        ]
        if full:
            await connection.execute(store.RETIRE_SUBJECT_KEYS, tenant_id, full)
        new = {
            subject_id: latest[subject_id]["version"] + 1 if subject_id in latest else 1
            for subject_id in messages
            if subject_id not in latest or subject_id in full
        }
        await self._insert(connection, tenant_id, tenant_key, new, messages)
        counted = [row for subject_id, row in latest.items() if subject_id not in full]
        if counted:
            await connection.execute(
                store.COUNT_MESSAGES,
                tenant_id,
                [row["subject_id"] for row in counted],
                [row["version"] for row in counted],
                [self._counted(messages[row["subject_id"]]) for row in counted],
            )
        rows = await connection.fetch(store.FIND_SUBJECT_KEYS, tenant_id, list(messages))
        return {row["subject_id"]: row for row in rows if row["state"] == "active"}

    async def _insert(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        tenant_key: TenantKey,
        new: Mapping[UUID, int],
        messages: Mapping[UUID, int],
        rotation_id: UUID | None = None,
    ) -> None:
        if not new:
            return
        floor = await connection.fetchval(store.FIND_TENANT_KEY_FLOOR, tenant_id)
        if floor is not None and tenant_key.version < floor:
            raise KeyRetired("The tenant's key was rotated.")
        wrapped = []
        for subject_id, version in new.items():
            context = context_of(tenant_id, subject_id, version)
            key = self._random_bytes(KEY_BYTES)
            wrapped.append(encrypt(tenant_key.key, key, context, self._random_bytes))
        await connection.execute(
            store.INSERT_SUBJECT_KEYS,
            tenant_id,
            list(new),
            list(new.values()),
            tenant_key.version,
            wrapped,
            [self._counted(messages[subject_id]) for subject_id in new],
            self._clock.now(),
            rotation_id,
        )

    async def _unwrap(
        self,
        tenant_id: UUID,
        rows: "Iterable[asyncpg.Record]",
        at_hand: TenantKey | None = None,
        seen: Seen = (),
    ) -> dict[Versioned, KeyBytes]:
        """Open keys, each under the version of the tenant's key that wrapped it."""
        rows = list(rows)
        wrapping = {row["tenant_key_version"] for row in rows}
        if at_hand is not None:
            wrapping.discard(at_hand.version)
        found = await self._tenants.of_versions(tenant_id, KeyKind.TENANT, wrapping, seen)
        tenant_keys = {version: key.key for version, key in found.items()}
        if at_hand is not None:
            tenant_keys[at_hand.version] = at_hand.key
        opened = {}
        for row in rows:
            if row["tenant_key_version"] in tenant_keys:
                subject_id, version = row["subject_id"], row["version"]
                context = context_of(tenant_id, subject_id, version)
                raw = decrypt(tenant_keys[row["tenant_key_version"]], row["wrapped"], context)
                opened[subject_id, version] = KeyBytes(raw)
        for key in found.values():
            key.key.wipe()
        return opened

    def _counted(self, messages: int) -> int:
        return max(messages, min(RESERVED_MESSAGES, self._messages_max))

    def _are_allowed(
        self,
        tenant_id: UUID,
        active: "Mapping[UUID, asyncpg.Record]",
        messages: Mapping[UUID, int],
    ) -> bool:
        return all(
            subject_id in active
            and self._allowances.get((tenant_id, subject_id, active[subject_id]["version"]), 0)
            >= count
            for subject_id, count in messages.items()
        )

    def _allow(
        self,
        tenant_id: UUID,
        active: "Mapping[UUID, asyncpg.Record]",
        messages: Mapping[UUID, int],
    ) -> None:
        for subject_id, row in active.items():
            name, count = (tenant_id, subject_id, row["version"]), messages[subject_id]
            self._allowances[name] = self._allowances.pop(name, 0) + self._counted(count)
        while len(self._allowances) > max(_ALLOWANCES_MAX, len(messages)):
            self._allowances.popitem(last=False)

    def _spend(
        self,
        tenant_id: UUID,
        active: "Mapping[UUID, asyncpg.Record]",
        messages: Mapping[UUID, int],
    ) -> None:
        for subject_id, row in active.items():
            self._allowances[tenant_id, subject_id, row["version"]] -= messages[subject_id]
