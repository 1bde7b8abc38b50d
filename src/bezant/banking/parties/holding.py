"""Parties as what is kept of a person: in the person's export; marked by the erasure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.banking.parties import store
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


class PartyHolding:
    """What a person's export and erasure need to know of parties; the vault knows their values.

    Attributes:
        name: what they are called there.

    Args:
        database: connected as the vault's role, in whose transaction a person is erased.
    """

    name = "parties"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def describe(self, tenant_id: UUID, subject_id: UUID) -> Sequence[dict[str, str]]:
        """Each party that the person is, then what it is or was to others and they to it."""
        described: list[dict[str, str]] = []
        for row in await self._database.fetch(store.FIND_OF_SUBJECT, tenant_id, subject_id):
            described.append(
                {
                    "id": str(row["party_id"]),
                    "kind": row["kind"],
                    "verification": row["verification"],
                    "risk": row["risk"],
                    "status": row["status"],
                    "created_at": row["created_at"].isoformat(),
                }
            )
            related = await self._database.fetch(
                store.FIND_RELATIONSHIPS_OF, tenant_id, row["party_id"]
            )
            described += [_related(each) for each in related]
        return described

    async def forget(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subjects: Sequence[UUID],
    ) -> None:
        """Mark the parties, which nothing changes any more, and part them from their users."""
        await connection.execute(store.FORGET, tenant_id, subjects)


def _related(row: "asyncpg.Record") -> dict[str, str]:
    ended = row["valid_until"]
    return {
        "relationship": str(row["relationship_id"]),
        "of": str(row["party_id"]),
        "is": row["kind"],
        "who": str(row["related_party_id"]),
        "share": "" if row["share"] is None else str(row["share"]),
        "from": row["valid_from"].isoformat(),
        "until": "" if ended is None else ended.isoformat(),
    }
