"""Who holds sealed values, and the sweep of those that nobody does.

A value is sealed before the record that holds it is committed, and kept after: a process that is
killed in between leaves a provisional one. The domain's own table tells which of them were
committed.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from msgspec import Struct

from bezant.kernel.clock import Clock
from bezant.kernel.jobs import Done, Handling, Job, JobKind, RetryPolicy, Schedule
from bezant.kernel.sealed import SealedField, Sealer

COMMITTED_WITHIN: Final = timedelta(minutes=5)
"""How long after a value was sealed the record that holds it may be committed; then no more."""

ABANDONED_AFTER: Final = timedelta(minutes=15)
"""When a provisional value is looked at: longer than any commit may take that began in time."""

VALUES_PER_READ: Final = 1_000

log = structlog.get_logger("bezant.sealed")


@dataclass(frozen=True, slots=True)
class SealedOwner:
    """A domain that holds references to sealed values.

    Attributes:
        fields: all that it declares.
        find_held: which of a tenant's references its committed records hold.
    """

    fields: tuple[SealedField, ...]
    find_held: Callable[[UUID, Sequence[UUID]], Awaitable[Collection[UUID]]]


class SweepSealed(Struct, frozen=True):
    """The job's payload: nothing, since what is due follows from the clock."""


SWEEP: Final = JobKind(
    "sealed_values.sweep",
    SweepSealed,
    RetryPolicy(attempts_max=3, first_s=60),
    attempt_s_max=600,
    at_once_max=1,
)


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of provisional values."""

    kept: int
    discarded: int


class SealedSweep:
    """Keeps provisional values that a record holds, and discards the others.

    Args:
        sealer: what sealed them.
        clock: tells which are old enough.
        owners: every domain with sealed fields.
    """

    def __init__(self, sealer: Sealer, clock: Clock, owners: Sequence[SealedOwner]) -> None:
        self._sealer = sealer
        self._clock = clock
        self._owners = owners

    def handling(self) -> Handling[SweepSealed]:
        """For the runner."""
        return Handling(SWEEP, self._carry_out)

    @staticmethod
    def schedule() -> Schedule:
        """When it runs."""
        return Schedule(SWEEP, SweepSealed(), timedelta(minutes=10))

    async def sweep(self) -> Swept:
        """Settle what is old enough now.

        Raises:
            Unavailable: the vault or the database does not answer; a repeat is safe.
        """
        swept = Swept(0, 0)
        for owner in self._owners:
            while found := await self._settle(owner):
                swept = Swept(swept.kept + found.kept, swept.discarded + found.discarded)
        return swept

    async def _settle(self, owner: SealedOwner) -> Swept | None:
        names = [field.name for field in owner.fields]
        before = self._clock.now() - ABANDONED_AFTER
        waiting = await self._sealer.provisional(names, before, VALUES_PER_READ)
        if not waiting:
            return None
        by_tenant: dict[UUID, list[UUID]] = {}
        for each in waiting:
            by_tenant.setdefault(each.tenant_id, []).append(each.reference)
        kept = discarded = 0
        for tenant_id, references in by_tenant.items():
            held = set(await owner.find_held(tenant_id, references))
            orphans = [reference for reference in references if reference not in held]
            if held:
                await self._sealer.keep(tenant_id, list(held))
            if orphans:
                await self._sealer.discard(tenant_id, orphans)
            kept += len(held)
            discarded += len(orphans)
        return Swept(kept, discarded)

    async def _carry_out(self, _job: Job[SweepSealed]) -> Done:
        swept = await self.sweep()
        if swept.kept or swept.discarded:
            log.info("sealed_values_swept", kept=swept.kept, discarded=swept.discarded)
        return Done()
