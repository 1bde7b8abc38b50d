"""A rotation's row: how far it is, and what survives a kill of the process that works on it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.telemetry import VAULT_ROTATED
from bezant.vault.rotation import store
from bezant.vault.rotation.schemas import Rotation

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

PLATFORM: Final = UUID(int=0)
"""Stands for a tenant where the root is meant, which is nobody's in particular."""

BEFORE_ALL: Final = UUID(int=0)


def rotation_of(row: "asyncpg.Record") -> Rotation:
    """A row as it is told."""
    return Rotation(
        id=row["rotation_id"],
        kind=row["kind"],
        subject_id=row["subject_id"],
        from_version=row["from_version"],
        to_version=row["to_version"],
        state=row["state"],
        total=row["total"],
        done=row["done"],
        failed=row["failed"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        last_error=row["last_error"],
    )


@dataclass
class Running:
    """A rotation that has not ended.

    Attributes:
        position: after what it goes on; what is before has been moved, or has failed.
        failed: how much of what is before has failed.
    """

    database: Database
    clock: Clock
    tenant_id: UUID
    id: UUID
    kind: str
    subject_id: UUID | None
    from_version: str | None
    to_version: str | None
    started_at: datetime
    position: str | None
    failed: int = field(default=0)

    @classmethod
    async def find(
        cls, database: Database, clock: Clock, tenant_id: UUID, rotation_id: UUID
    ) -> "Running | None":
        """The rotation; None when it has ended."""
        row = await database.fetchrow(store.FIND_ROTATION, tenant_id, rotation_id)
        if row is None or row["state"] != "running":
            return None
        return cls(
            database,
            clock,
            tenant_id,
            rotation_id,
            row["kind"],
            row["subject_id"],
            row["from_version"],
            row["to_version"],
            row["started_at"],
            row["position"],
            row["failed"],
        )

    async def set_to_version(self, version: str) -> None:
        """Tell which version everything is moved to."""
        self.to_version = version
        await self._write(store.SET_TO_VERSION, version)

    async def go_on(self, position: str, failed: int, moved: int = 0) -> None:
        """A portion is through.

        Args:
            position: of its last row.
            failed: how many of its rows failed.
            moved: how many it moved, unless `count` has told.
        """
        self.position = position
        self.failed += failed
        self._tell(moved, failed)

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await connection.execute(store.ADD_DONE, self.tenant_id, self.id, moved)
            await connection.execute(
                store.SET_PROGRESS, self.tenant_id, self.id, position, self.failed
            )

        await self.database.transaction(work)

    async def count(self, connection: "PoolConnectionProxy[asyncpg.Record]", moved: int) -> None:
        """Count rows in the transaction that moves them."""
        await connection.execute(store.ADD_DONE, self.tenant_id, self.id, moved)

    def look_again(self) -> None:
        """Go on from the beginning: something was written behind the position.

        Who had taken a key before it was retired, and committed before it refused new work, may
        have. After that nobody can, so that the second look sees everything.
        """
        self.position = None
        self.failed = 0

    async def stop(self, reason: str) -> None:
        """Tell why it does not go on now."""
        await self._write(store.SET_ERROR, reason)

    async def end(self, failed: int) -> None:
        """It is through, but for what failed."""
        await self._write(store.END_ROTATION, failed, self.clock.now())

    def told(self, moved: int) -> None:
        """Count rows that are moved, in the metrics."""
        self._tell(moved, 0)

    def _tell(self, moved: int, failed: int) -> None:
        kind = self.kind.partition(":")[0]
        VAULT_ROTATED.labels(kind, "moved").inc(moved)
        VAULT_ROTATED.labels(kind, "failed").inc(failed)

    async def _write(self, statement: str, *values: object) -> None:
        await self.database.transaction(
            lambda connection: connection.execute(statement, self.tenant_id, self.id, *values)
        )
