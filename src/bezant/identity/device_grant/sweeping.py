"""Removing what no device waits for any more."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from bezant.identity.device_grant import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

KEPT_AFTER: Final = timedelta(hours=1)
"""How long a row outlives its codes: until then a reuse is told from a code that never was."""


class DeviceSweep:
    """What retention asks for, tenant by tenant."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def remove(self, tenant_id: UUID, limit: int) -> int:
        """Remove some expired rows, which may name people; how many were removed."""
        before = self._clock.now() - KEPT_AFTER
        return await self._database.remove(store.DELETE, tenant_id, before, limit)
