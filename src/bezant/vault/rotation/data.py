"""The rotation of subjects' keys: their values are encrypted anew, the replaced ones too."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.vault.crypto.aead import encrypt
from bezant.vault.fields.fences import key_floors, require_current
from bezant.vault.keys import TRIES_MAX, SubjectKeys
from bezant.vault.rotation import store
from bezant.vault.rotation.opening import Row, open_rows, rows_of
from bezant.vault.rotation.progress import BEFORE_ALL, Running

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_SUBJECTS: Final = 50
_VALUES: Final = 200


class DataRotation:
    """Makes the next version of each subject's key, and moves all that it has sealed to it.

    The order is what keeps readers going: a new version is durable in the second database before
    the main one has anything under it, and nothing can be sealed under the former ones before the
    last look for what is.

    Args:
        database: the main one.
        keys: the second one.
    """

    def __init__(
        self,
        database: Database,
        keys: Database,
        subjects: SubjectKeys,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._keys = keys
        self._subjects = subjects
        self._clock = clock
        self._random_bytes = random_bytes

    async def total(self, tenant_id: UUID, subject_id: UUID | None) -> int:
        """How many values there are, replaced ones included."""
        [row] = await self._database.fetch(store.COUNT_VALUES, tenant_id, subject_id)
        return int(row["count"])

    async def run(self, rotation: Running) -> None:
        """Begin it, or go on with it, to its end."""
        if rotation.subject_id is not None:
            await self._portion(rotation, [rotation.subject_id])
        else:
            after = BEFORE_ALL if rotation.position is None else UUID(rotation.position)
            while rows := await self._database.fetch(
                store.FIND_SUBJECTS_AFTER, rotation.tenant_id, after, rotation.started_at, _SUBJECTS
            ):
                after = rows[-1]["subject_id"]
                await self._portion(rotation, [row["subject_id"] for row in rows])
        await rotation.end(rotation.failed)

    async def _portion(self, rotation: Running, subjects: list[UUID]) -> None:
        tenant_id = rotation.tenant_id
        floors = await self._subjects.rotate(tenant_id, subjects, rotation.id)
        floor = (tenant_id, list(floors), list(floors.values()))
        await self._database.transaction(
            lambda connection: connection.execute(store.RAISE_KEY_FLOORS, *floor)
        )
        for _ in range(TRIES_MAX):
            failed = await self._pass(rotation, floor)
            below = await self._database.transaction(
                lambda connection: connection.fetch(store.COUNT_VALUES_BELOW, *floor)
            )
            left = sum(row["count"] for row in below)
            # More is left where somebody had taken a key before it was retired, and committed
            # before it refused new work; after that nobody can.
            if left <= failed:
                break
        await self._mark_emptied(tenant_id, floors, {row["subject_id"] for row in below})
        await rotation.go_on(str(subjects[-1]), left)

    async def _pass(self, rotation: Running, floor: tuple[UUID, list[UUID], list[int]]) -> int:
        """Move what is below the floor; how many values could not be opened."""
        reference, version, failed = BEFORE_ALL, 0, 0
        while records := await self._database.fetch(
            store.FIND_VALUES_BELOW, *floor, reference, version, _VALUES
        ):
            reference, version = records[-1]["reference"], records[-1]["version"]
            failed += await self._move(rotation, rows_of(records))
        return failed

    async def _move(self, rotation: Running, rows: Sequence[Row]) -> int:
        """Encrypt values anew; how many could not be opened."""
        tenant_id = rotation.tenant_id
        opened = await open_rows(self._subjects, tenant_id, rows)
        keys = await self._subjects.for_sealing(
            tenant_id, Counter(row.subject_id for row, _ in opened)
        )
        moved: list[tuple[UUID, int, int, int, bytes]] = []
        with ExitStack() as opened_keys:
            for found in keys.values():
                opened_keys.enter_context(found.key)
            for row, value in opened:
                new = keys.get(row.subject_id)
                if new is None:  # erased meanwhile
                    continue
                context = row.context(tenant_id, new.version)
                sealed = encrypt(new.key, value, context, self._random_bytes)
                moved.append((row.reference, row.version, row.key_version, new.version, sealed))
        used = {subject_id: key.version for subject_id, key in keys.items()}

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> int:
            require_current(await key_floors(connection, tenant_id, used), used)
            tag = await connection.execute(
                store.MOVE_VALUES, tenant_id, *([each[n] for each in moved] for n in range(5))
            )
            count = int(tag.rpartition(" ")[2])
            await rotation.count(connection, count)
            return count

        rotation.told(await self._database.transaction(work))
        return len(rows) - len(opened)

    async def _mark_emptied(
        self, tenant_id: UUID, floors: Mapping[UUID, int], below: set[UUID]
    ) -> None:
        emptied = {name: floor for name, floor in floors.items() if name not in below}
        now = self._clock.now()
        await self._keys.transaction(
            lambda connection: connection.execute(
                store.MARK_SUBJECT_KEYS_EMPTIED,
                tenant_id,
                list(emptied),
                list(emptied.values()),
                now,
            )
        )
