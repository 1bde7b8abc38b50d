"""Removing tokens that nobody can use any more."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from bezant.identity.tokens import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

KEPT_AFTER: Final = timedelta(hours=1)
"""How long a token's row outlives it: longer than clocks of several machines differ.

Until then the reuse of a spent refresh token is told from an unknown one.
"""


class TokenSweep:
    """What retention asks for, tenant by tenant."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def remove_access(self, tenant_id: UUID, limit: int) -> int:
        """Remove some of a tenant's expired access tokens; how many were removed."""
        before = self._clock.now() - KEPT_AFTER
        return await self._database.remove(store.DELETE_ACCESS, tenant_id, before, limit)

    async def remove_refresh(self, tenant_id: UUID, limit: int) -> int:
        """The same of public clients' refresh tokens; others last as long as their grants."""
        before = self._clock.now() - KEPT_AFTER
        return await self._database.remove(store.DELETE_REFRESH, tenant_id, before, limit)
