"""A user's factors, without their secrets."""

from typing import TYPE_CHECKING
from uuid import UUID

from bezant.identity.factors import store
from bezant.identity.factors.domain import Factor, Method

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


async def factors_of(
    connection: "PoolConnectionProxy[asyncpg.Record]", tenant_id: UUID, user_id: UUID
) -> list[Factor]:
    """A user's factors as the transaction sees them, the oldest first."""
    return listed(await connection.fetch(store.FIND_ALL, tenant_id, user_id))


def listed(rows: "list[asyncpg.Record]") -> list[Factor]:
    """Factors from their rows."""
    return [
        Factor(
            id=row["factor_id"],
            method=Method(row["method"]),
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
            count=row["count"],
            flagged_at=row["flagged_at"],
        )
        for row in rows
    ]
