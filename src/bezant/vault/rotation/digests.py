"""The rotation of keys that make digests: they are made anew from the values.

Searches meanwhile look for the digests under every version that is not destroyed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Refusal
from bezant.kernel.sealed import Normal
from bezant.vault.fields.sealing import digest_of
from bezant.vault.keys import TRIES_MAX, SubjectKeys, TenantKeys, index_kind
from bezant.vault.rotation import store
from bezant.vault.rotation.opening import open_rows, rows_of
from bezant.vault.rotation.progress import BEFORE_ALL, Running
from bezant.vault.rotation.tenant import mark_emptied

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_PORTION: Final = 200


@dataclass(frozen=True, slots=True)
class Portion:
    """What became of some rows.

    Attributes:
        last: the last row's identifier, after which the next portion begins.
        moved: how many have their digest under the new version.
        failed: how many do not, because their value does not open.
    """

    last: UUID
    moved: int
    failed: int


class Redigest(Protocol):
    """Digests of one kind of key. Whatever writes some refuses to write them under a former one."""

    async def total(self, tenant_id: UUID) -> int:
        """How many there are."""
        ...

    async def move(self, tenant_id: UUID, version: int, after: UUID, limit: int) -> Portion | None:
        """Make digests under `version` in place of those under former ones, some at once.

        In one transaction, and only where the value is still what it was read as.

        Args:
            tenant_id: whose.
            version: of the key; every digest under a former one is to be moved.
            after: the identifier that the last portion ended with.
            limit: how many.

        Returns:
            What became of them; None when there are none after `after`.
        """
        ...

    async def left(self, tenant_id: UUID, version: int) -> int:
        """How many are under versions before `version`, read in a SERIALIZABLE transaction."""
        ...


class NoDigests:
    """A kind of key that has no digests to be made anew: what they were made of is not kept."""

    async def total(self, tenant_id: UUID) -> int:  # noqa: ARG002 - as the protocol has it
        """None."""
        return 0

    async def move(
        self,
        tenant_id: UUID,  # noqa: ARG002 - as the protocol has it
        version: int,  # noqa: ARG002
        after: UUID,  # noqa: ARG002
        limit: int,  # noqa: ARG002
    ) -> Portion | None:
        """Nothing."""
        return None

    async def left(self, tenant_id: UUID, version: int) -> int:  # noqa: ARG002 - as above
        """None."""
        return 0


class IndexDigests:
    """The digests of one field's blind index.

    Args:
        database: the main one.
        field: the field's name.
    """

    def __init__(
        self, database: Database, tenants: TenantKeys, subjects: SubjectKeys, field: str
    ) -> None:
        self._database = database
        self._tenants = tenants
        self._subjects = subjects
        self._field = field

    async def total(self, tenant_id: UUID) -> int:
        """How many there are."""
        [row] = await self._database.fetch(store.COUNT_ENTRIES, tenant_id, self._field)
        return int(row["count"])

    async def move(self, tenant_id: UUID, version: int, after: UUID, limit: int) -> Portion | None:
        """Make digests under `version` in place of those under former ones, some at once."""
        entries = await self._database.fetch(
            store.FIND_ENTRIES_BELOW, tenant_id, self._field, version, after, limit
        )
        if not entries:
            return None
        forms = {entry["reference"]: entry["form"] for entry in entries}
        records = await self._database.fetch(store.FIND_VALUES, tenant_id, list(forms))
        opened = await open_rows(self._subjects, tenant_id, rows_of(records))
        keys = await self._tenants.of_versions(tenant_id, index_kind(self._field), [version])
        digests: dict[UUID, tuple[int, bytes]] = {}
        with keys[version].key:
            for row, value in opened:
                try:
                    form = Normal(forms[row.reference])
                    digest = digest_of(keys[version], form, value.decode())
                except (ValueError, Refusal):
                    continue  # an index of a form that no longer is
                digests[row.reference] = row.version, digest
        await self._replace(tenant_id, version, digests, forms)
        return Portion(entries[-1]["reference"], len(digests), len(forms) - len(digests))

    async def left(self, tenant_id: UUID, version: int) -> int:
        """How many are under versions before `version`."""
        count: int = await self._database.transaction(
            lambda connection: connection.fetchval(
                store.COUNT_ENTRIES_BELOW, tenant_id, self._field, version
            )
        )
        return count

    async def _replace(
        self,
        tenant_id: UUID,
        version: int,
        digests: dict[UUID, tuple[int, bytes]],
        forms: dict[UUID, str],
    ) -> None:
        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            rows = await connection.fetch(store.FIND_VALUE_VERSIONS, tenant_id, list(digests))
            # Whoever replaced or removed a value meanwhile has done so with its digests.
            same = [
                row["reference"] for row in rows if row["version"] == digests[row["reference"]][0]
            ]
            await connection.execute(
                store.DELETE_ENTRIES_BELOW, tenant_id, self._field, same, version
            )
            await connection.execute(
                store.INSERT_ENTRIES,
                tenant_id,
                self._field,
                version,
                [digests[reference][1] for reference in same],
                same,
                [forms[reference] for reference in same],
            )

        await self._database.transaction(work)


class DigestRotation:
    """Makes the next version of a key of digests, and moves these to it.

    Args:
        database: the main one.
    """

    def __init__(self, database: Database, tenants: TenantKeys, clock: Clock) -> None:
        self._database = database
        self._tenants = tenants
        self._clock = clock

    async def run(self, rotation: Running, digests: Redigest) -> None:
        """Begin it, or go on with it, to its end."""
        tenant_id, kind = rotation.tenant_id, rotation.kind
        version = await self._tenants.rotate(tenant_id, kind, rotation.id)
        await rotation.set_to_version(str(version))
        for _ in range(TRIES_MAX):
            after = BEFORE_ALL if rotation.position is None else UUID(rotation.position)
            while portion := await digests.move(tenant_id, version, after, _PORTION):
                after = portion.last
                await rotation.go_on(str(after), portion.failed, portion.moved)
            left = await digests.left(tenant_id, version)
            if left <= rotation.failed:
                break
            rotation.look_again()
        if not left:
            await mark_emptied(self._database, self._clock, tenant_id, kind, version)
        await rotation.end(left)
