"""Requests that were sent on, as what is kept of the subjects whose values they carried."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.database import Database
from bezant.vault.fields import Fields
from bezant.vault.proxy import store

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

DESCRIBED_MAX: Final = 10_000


class ForwardHolding:
    """What a subject's export and erasure need to know of such requests.

    Attributes:
        name: what they are called there.
    """

    name = "forwards"

    def __init__(self, database: Database, fields: Fields) -> None:
        self._database = database
        self._fields = fields

    async def describe(self, tenant_id: UUID, subject_id: UUID) -> Sequence[dict[str, str]]:
        """When each was sent, and how far it came."""
        rows = await self._database.fetch(
            store.FIND_OF_SUBJECT, tenant_id, subject_id, DESCRIBED_MAX
        )
        return [
            {
                "id": str(row["forward_id"]),
                "state": row["state"],
                "created_at": row["created_at"].isoformat(),
            }
            for row in rows
        ]

    async def forget(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subjects: Sequence[UUID],
    ) -> None:
        """Remove the answers, also those sealed with another subject of the same request.

        That they were sent stays on record, so that none is sent twice.
        """
        rows = await connection.fetch(store.FIND_ANSWERS_OF_SUBJECTS, tenant_id, subjects)
        await self._fields.remove(connection, tenant_id, [row["reference"] for row in rows])
