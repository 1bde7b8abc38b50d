"""Roles at accounts as what is kept of a person: in the export; ended with the erasure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.banking.parties import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


class RoleHolding:
    """What a person's export and erasure need to know of whom accounts belong to.

    Attributes:
        name: what they are called there.

    Args:
        database: connected as the vault's role, in whose transaction a person is erased.
        clock: tells when a role ends.
    """

    name = "account_roles"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def describe(self, tenant_id: UUID, subject_id: UUID) -> Sequence[dict[str, str]]:
        """Each role that the person has or had at an account."""
        rows = await self._database.fetch(store.FIND_ROLES, tenant_id, subject_id)
        return [
            {
                "account": str(row["account_id"]),
                "role": row["role"],
                "from": row["valid_from"].isoformat(),
                "until": "" if row["valid_until"] is None else row["valid_until"].isoformat(),
            }
            for row in rows
        ]

    async def forget(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subjects: Sequence[UUID],
    ) -> None:
        """Let nobody sign as the person any more. Rows stay, between identifiers of nobody."""
        await connection.execute(store.END_ROLES, tenant_id, subjects, self._clock.now())
