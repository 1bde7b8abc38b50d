"""Tokens as what is kept of a subject: in its export by their hints, in its erasure deleted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.database import Database
from bezant.vault.tokens import store

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

DESCRIBED_MAX: Final = 10_000


class TokenHolding:
    """What a subject's export and erasure need to know of tokens.

    Attributes:
        name: what they are called there.
    """

    name = "tokens"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def describe(self, tenant_id: UUID, subject_id: UUID) -> Sequence[dict[str, str | None]]:
        """Each token with what may be shown beside it."""
        rows = await self._database.fetch(
            store.FIND_OF_SUBJECT, tenant_id, subject_id, DESCRIBED_MAX
        )
        return [
            {
                "token": row["token"],
                "kind": row["kind"],
                "name": row["name"],
                "brand": row["brand"],
                "last_four": row["last_four"],
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
        """Delete them; what they stood for goes with the subjects' values."""
        await connection.execute(store.DELETE_OF_SUBJECTS, tenant_id, subjects)
