"""Holders as what is kept of a person: in the person's export; gone with the erasure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.banking.holders import store
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


class HolderHolding:
    """What a person's export and erasure need to know of holders.

    Attributes:
        name: what they are called there.

    Args:
        database: connected as the vault's role, in whose transaction a person is erased.
    """

    name = "account_holders"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def describe(self, tenant_id: UUID, subject_id: UUID) -> Sequence[dict[str, str]]:
        """Each account that the person holds."""
        rows = await self._database.fetch(store.FIND_OF_SUBJECT, tenant_id, subject_id)
        return [
            {
                "book": str(row["book_id"]),
                "account": row["account_id"],
                "added_at": row["added_at"].isoformat(),
            }
            for row in rows
        ]

    async def forget(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subjects: Sequence[UUID],
    ) -> None:
        """Let nobody read the accounts as the person any more."""
        await connection.execute(store.DELETE_OF_SUBJECTS, tenant_id, subjects)
