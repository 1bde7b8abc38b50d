"""Removing requests that are over."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from bezant.identity.backchannel import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

KEPT_AFTER: Final = timedelta(hours=1)
"""How long a request is told to have expired, before it is told to be unknown."""


class BackchannelSweep:
    """What retention asks for, tenant by tenant."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def remove_over(self, tenant_id: UUID, limit: int) -> int:
        """Remove some of a tenant's requests; how many were removed."""
        before = self._clock.now() - KEPT_AFTER
        return await self._database.remove(store.DELETE_OVER, tenant_id, before, limit)
