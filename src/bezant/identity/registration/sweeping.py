"""Removing initial access tokens that nobody can use any more."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bezant.identity.registration import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

KEPT_AFTER: Final = timedelta(days=30)
"""How long an expired token stays in the list, for who wants to know what became of it."""


class RegistrationSweep:
    """What retention asks for, tenant by tenant."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def remove_tokens(self, tenant_id: UUID, _before: datetime, limit: int) -> int:
        """Remove some of a tenant's expired initial access tokens; how many were removed."""
        before = self._clock.now() - KEPT_AFTER
        return await self._database.remove(store.DELETE_INITIAL, tenant_id, before, limit)
