"""Which sessions were revoked of late: what no entry of the cache can hide.

An entry of the cache tells what a session was some time ago. Every process therefore asks the
database, at most a second before it relies on an entry, which sessions of the tenant were revoked
within the last hour, which is far longer than an entry is valid.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bezant.kernel.cache import Flights
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.sessions import store

TRUST_S: Final = 1.0
"""How old an answer may be to be relied on: the bound on a revocation's reach."""

LOOK_BACK: Final = timedelta(hours=1)
"""Longer than entries are valid, by more than clocks of several machines ever differ."""

REVOKED_MAX: Final = 10_000
"""Revocations looked at; where there are more, the tenant's sessions are read from the database."""

TENANTS_MAX: Final = 1_000

# Who joins a question that was asked too early for them asks again; so does who waited too long.
_TRIES_MAX: Final = 3


@dataclass(slots=True)
class _Known:
    """What the database said of a tenant.

    Attributes:
        asked_at: when it was asked, on the monotonic clock.
        revoked: None when there were too many.
    """

    asked_at: float
    revoked: set[UUID] | None = field(default_factory=set)


class Revocations:
    """The revocations that this process knows of, by tenant.

    Args:
        since_boot: seconds, those that the machine slept included.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        since_boot: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        self._database = database
        self._clock = clock
        self._since_boot = since_boot
        self._known: dict[UUID, _Known] = {}
        self._changed_at: dict[UUID, float] = {}
        self._flights: Flights[UUID, _Known] = Flights()

    async def rules_out(self, tenant_id: UUID, session_id: UUID) -> bool:
        """Whether an entry of a session may not be relied on.

        Raises:
            Unavailable: what was revoked cannot be known.
        """
        known = self._known.get(tenant_id)
        for _ in range(_TRIES_MAX):
            if known is not None and self._is_recent(tenant_id, known):
                return known.revoked is None or session_id in known.revoked
            known = await self._flights.join(tenant_id, lambda: self._ask(tenant_id))
        raise Unavailable("The session could not be checked in time.")

    def changed(self, tenant_id: UUID) -> None:
        """Rely on nothing that was asked before now: this process has revoked a session itself."""
        self._changed_at.pop(tenant_id, None)
        self._changed_at[tenant_id] = self._since_boot()
        if len(self._changed_at) > TENANTS_MAX:
            del self._changed_at[next(iter(self._changed_at))]

    async def close(self) -> None:
        """Wait for what is under way."""
        await self._flights.close()

    def _is_recent(self, tenant_id: UUID, known: _Known) -> bool:
        is_young = self._since_boot() - known.asked_at < TRUST_S
        return is_young and known.asked_at >= self._changed_at.get(tenant_id, 0.0)

    async def _ask(self, tenant_id: UUID) -> _Known:
        known = _Known(self._since_boot())
        since: datetime = self._clock.now() - LOOK_BACK
        rows = await self._database.fetch(store.FIND_REVOKED, tenant_id, since, REVOKED_MAX + 1)
        known.revoked = {row["session_id"] for row in rows} if len(rows) <= REVOKED_MAX else None
        self._known.pop(tenant_id, None)
        self._known[tenant_id] = known
        if len(self._known) > TENANTS_MAX:
            del self._known[next(iter(self._known))]
        return known
