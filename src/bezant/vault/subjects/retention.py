"""How long values are kept: at least, by a tenant's rule; at most, by the field's declaration."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
import structlog

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import PLATFORM
from bezant.vault.subjects import store
from bezant.vault.subjects.reports import value_path
from bezant.vault.subjects.schemas import RetentionChange, RetentionRule, RetentionRules

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

BATCH_MAX: Final = 500
"""Values that are erased in one commit."""

_TENANTS_PER_READ: Final = 1_000

log = structlog.get_logger("bezant.vault")


class ValueRetention:
    """Rules, and the sweep of values that were kept for as long as they may be.

    Args:
        database: the main one, as the vault's role.
        clock: tells what is due.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def rules(self, tenant_id: UUID) -> RetentionRules:
        """A tenant's rules."""
        rows = await self._database.fetch(store.FIND_RULES, tenant_id)
        return RetentionRules([RetentionRule(**dict(row)) for row in rows])

    async def change(self, call: Call, field: str, change: RetentionChange) -> Answer:
        """Make, change or end the rule of a field (200 `RetentionRule`)."""
        call = msgspec.structs.replace(call, purpose=change.reason)

        async def work(connection: "Connection") -> Answer:
            now = self._clock.now()
            if change.keep_days:
                await connection.execute(
                    store.SET_RULE, call.tenant_id, field, change.keep_days, change.reason, now
                )
            else:
                await connection.execute(store.DELETE_RULE, call.tenant_id, field)
            return Answer.of(RetentionRule(field, change.keep_days, change.reason, now))

        return await once(self._database, self._clock, call, work)

    async def sweep(self) -> int:
        """Erase values that are due and that neither a hold nor a rule keeps; how many.

        Raises:
            CommitUnknown: a repeat is safe.
            Unavailable: the database cannot be asked.
        """
        total, after = 0, PLATFORM
        while tenants := await self._database.fetch(
            store.FIND_TENANTS_WITH_EXPIRED, self._clock.now(), after, _TENANTS_PER_READ
        ):
            for row in tenants:
                after = row["tenant_id"]
                while count := await self._erase_due(after):
                    total += count
        if total:
            log.info("sealed_values_expired", count=total)
        return total

    async def _erase_due(self, tenant_id: UUID) -> int:
        now = self._clock.now()

        async def work(connection: "Connection") -> int:
            due = await connection.fetch(store.FIND_EXPIRED, tenant_id, now, BATCH_MAX)
            if not due:
                return 0
            current = [row["reference"] for row in due if row["is_current"]]
            await connection.execute(store.DELETE_INDEX, tenant_id, current)
            await connection.execute(
                store.DELETE_EXPIRED,
                tenant_id,
                [row["reference"] for row in due],
                [row["version"] for row in due],
            )
            told = []
            for row in due:
                call = Call(
                    id=self._ids.new(),
                    tenant_id=tenant_id,
                    actor="platform",
                    action="sealed_value.expire",
                    resource=value_path(row["reference"]),
                    origin="job",
                    purpose="retention",
                )
                told += audit.entry(call, Answer(200, b""), now)
            await write_rows(connection, tenant_id, told)
            return len(due)

        return await self._database.transaction(work)
