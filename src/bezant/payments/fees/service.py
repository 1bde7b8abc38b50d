"""Making and finding fee schedules."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.payments.fees import store
from bezant.payments.fees.errors import FeeScheduleNotFound
from bezant.payments.fees.schemas import FeeSchedule, FeeSchedules, NewFeeSchedule

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_BEFORE_ALL: Final = UUID(int=0)


class FeeService:
    """The fee schedules of tenants.

    Args:
        database: connected as the application's role.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def create(self, call: Call, new: NewFeeSchedule) -> Answer:
        """`POST /v1/fee-schedules` -> 201 `FeeSchedule`."""
        made = FeeSchedule(
            self._ids.new(),
            new.asset,
            new.fixed,
            new.basis_points,
            new.minimum,
            new.maximum,
            new.vat_basis_points,
            self._clock.now(),
        )
        values = (
            made.id,
            made.asset,
            int(made.fixed),
            made.basis_points,
            int(made.minimum),
            None if made.maximum is None else int(made.maximum),
            made.vat_basis_points,
            made.created_at,
            call.actor,
        )

        async def work(connection: "Connection") -> Answer:
            await connection.execute(store.INSERT, call.tenant_id, *values)
            return Answer.of(made, 201)

        return await once(self._database, self._clock, call, work)

    async def find(self, tenant_id: UUID, schedule_id: UUID) -> FeeSchedule:
        """`GET /v1/fee-schedules/{schedule}`.

        Raises:
            FeeScheduleNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.FIND, tenant_id, schedule_id)
        if row is None:
            raise FeeScheduleNotFound("There is no such fee schedule.")
        return _schedule(row)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> FeeSchedules:
        """The tenant's fee schedules after the one named `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        found = [_schedule(row) for row in rows[:limit]]
        return FeeSchedules(found, str(found[-1].id) if len(rows) > limit else None)


def _schedule(row: "asyncpg.Record") -> FeeSchedule:
    maximum = row["maximum"]
    return FeeSchedule(
        row["schedule_id"],
        row["asset"],
        str(int(row["fixed"])),
        row["basis_points"],
        str(int(row["minimum"])),
        None if maximum is None else str(int(maximum)),
        row["vat_basis_points"],
        row["created_at"],
    )
