"""Removing what nobody can use any more."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from bezant.identity.authorization import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

CODES_KEPT: Final = timedelta(days=1)
"""How long a code outlives itself: until then its reuse is told from an unknown one's."""


class AuthorizationSweep:
    """What retention asks for, tenant by tenant."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def remove_pushed(self, tenant_id: UUID, limit: int) -> int:
        """Remove some expired requests, which may name people; how many were removed."""
        now = self._clock.now()
        return await self._database.remove(store.DELETE_PUSHED, tenant_id, now, limit)

    async def remove_interactions(self, tenant_id: UUID, limit: int) -> int:
        """The same of interactions."""
        now = self._clock.now()
        return await self._database.remove(store.DELETE_INTERACTIONS, tenant_id, now, limit)

    async def remove_codes(self, tenant_id: UUID, limit: int) -> int:
        """The same of codes."""
        before = self._clock.now() - CODES_KEPT
        return await self._database.remove(store.DELETE_CODES, tenant_id, before, limit)
