"""What is good for one use: remembered until it is too old to be used again anyway."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.identity.proofs import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

REMEMBERED_LONGER: Final = timedelta(minutes=5)
"""By how much: longer than the clocks of several machines differ."""


class UsedProofs:
    """Identifiers of assertions and proofs that were used, in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def use(self, tenant_id: UUID, name: str, until: datetime) -> bool:
        """Use something once; whether this was the once.

        Args:
            tenant_id: whose.
            name: what, with whose it is: of two clients each has its own.
            until: from when on it is refused for its age.

        Raises:
            Unavailable: whether it was used cannot be known; it counts as used.
        """
        try:
            return await self._database.transaction(
                lambda connection: self.use_within(connection, tenant_id, name, until)
            )
        except CommitUnknown:
            raise Unavailable(
                "It is not known whether the proof was used: make a new one."
            ) from None

    async def use_within(
        self, connection: "Connection", tenant_id: UUID, name: str, until: datetime
    ) -> bool:
        """The same within another's commit: without the commit, it was not used."""
        digest = hashlib.sha256(name.encode()).digest()
        used = await connection.fetchrow(store.INSERT, tenant_id, digest, until + REMEMBERED_LONGER)
        return used is not None

    async def remove_old(self, tenant_id: UUID, _before: datetime, limit: int) -> int:
        """Forget some of a tenant's that are too old anyway; how many."""
        return await self._database.remove(store.DELETE_OLD, tenant_id, self._clock.now(), limit)
