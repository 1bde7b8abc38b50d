"""The right to work for an endpoint: a lease for liveness, an epoch for safety.

Every write of whoever works for an endpoint compares the epoch, so one that was replaced while it
slept writes nothing.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.clock import Clock
from bezant.kernel.database import BEGIN_BY_KEY, Database
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import SecretSealer
from bezant.kernel.webhooks import store
from bezant.kernel.webhooks.schedule import Health
from bezant.kernel.webhooks.sending import Sender
from bezant.kernel.webhooks.sources import Sources

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

LEASE: Final = timedelta(seconds=10)


class ClaimLost(Exception):  # noqa: N818 - what happened
    """Another process took the endpoint over, or its owner changed it."""


@dataclass(frozen=True, slots=True)
class Means:
    """What one works with.

    Attributes:
        luck: from 0 to 1, anew at every call.
        allow_loopback: send to this machine, for development.
    """

    database: Database
    clock: Clock
    ids: Ids
    sources: Sources
    sealer: SecretSealer
    sender: Sender
    allow_loopback: bool = False
    luck: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Claim:
    """What was claimed.

    Attributes:
        epoch: the fencing token.
        health: how the endpoint fared at that moment.
    """

    tenant_id: UUID
    endpoint_id: UUID
    epoch: int
    health: Health

    @property
    def place(self) -> tuple[UUID, UUID]:
        """The endpoint's key."""
        return self.tenant_id, self.endpoint_id


async def claim(means: Means, tenant_id: UUID, endpoint_id: UUID, epoch: int) -> Claim | None:
    """Take an endpoint that was seen free at `epoch`; None when somebody else was faster."""
    now = means.clock.now()

    async def work(
        connection: "PoolConnectionProxy[asyncpg.Record]",
    ) -> "asyncpg.Record | None":
        return await connection.fetchrow(
            store.CLAIM, tenant_id, endpoint_id, epoch, now, now + LEASE
        )

    row = await means.database.transaction(work, begin=BEGIN_BY_KEY)
    if row is None:
        return None
    health = Health(row["failures"], row["failing_since"], row["resume_at"])
    return Claim(tenant_id, endpoint_id, row["epoch"], health)


async def hold(
    connection: "PoolConnectionProxy[asyncpg.Record]", means: Means, held: Claim
) -> None:
    """Renew the lease, within the commit of what is written under it.

    Raises:
        ClaimLost: it is somebody else's.
    """
    until = means.clock.now() + LEASE
    if await connection.fetchrow(store.HOLD, *held.place, held.epoch, until) is None:
        raise ClaimLost
