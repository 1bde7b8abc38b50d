"""Retiring a signing key that somebody may have who should not."""

from typing import TYPE_CHECKING
from uuid import UUID

from bezant.identity.signing import store
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class KeyRetirement:
    """Takes a key out of use at once, by the removal of its row.

    Every process looks within a second which keys there are. One that misses the key neither signs
    by it, nor publishes it, nor believes what it signed, and makes another in its place.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def kids(self, tenant_id: UUID) -> list[UUID]:
        """The keys of a tenant, by their `kid`, oldest first."""
        rows = await self._database.fetch(store.FIND, tenant_id)
        return [row["key_id"] for row in rows]

    async def retire(self, tenant_id: UUID, key_id: UUID, reason: str) -> bool:
        """Retire a key; whether there was one.

        The audit log keeps the reason.

        Raises:
            CommitUnknown: whether it was done is not known; again does no harm.
        """
        path = f"/id/{tenant_id}/jwks"
        call = Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor="operator",
            action="signing_key.retire",
            resource=f"{path}/{key_id}",
            origin="cli",
            purpose=reason,
        )

        async def work(connection: "Connection") -> bool:
            if await connection.fetchrow(store.RETIRE, tenant_id, key_id) is None:
                return False
            at = self._clock.now()
            told = event(self._ids.new(), "signing_key.retired", call.resource, at, None)
            rows = [*audit.entry(call, Answer(200, b""), at), told]
            await write_rows(connection, tenant_id, rows)
            return True

        return await self._database.transaction(work)
