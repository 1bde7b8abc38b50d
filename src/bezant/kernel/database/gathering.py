"""Lookups by key that come at the same time, answered by one statement."""

import asyncio
from collections.abc import Hashable
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.database.pool import Database

if TYPE_CHECKING:
    import asyncpg

    Answers = dict[Hashable, asyncio.Future[asyncpg.Record | None]]

_KEYS_MAX: Final = 1_000


class Gathering:
    """Finds rows of a tenant by their keys.

    The first lookup is sent at once. Those that come while it is under way wait for its end, and
    are sent together: a process that is asked for one row after the other asks one by one, a busy
    one in sets. What was durable before a lookup is found by it.

    Args:
        database: where.
        statement: takes the tenant as `$1` and an array of keys as `$2`; answers a column `key`
            among others, each key once at the most.
    """

    def __init__(self, database: Database, statement: str) -> None:
        self._database = database
        self._statement = statement
        self._waiting: dict[UUID, Answers] = {}
        self._looking: dict[UUID, asyncio.Task[None]] = {}

    async def find(self, tenant_id: UUID, key: Hashable) -> "asyncpg.Record | None":
        """The row of a key; None where there is none.

        Raises:
            DatabaseUnavailable: as it says.
        """
        waiting = self._waiting.setdefault(tenant_id, {})
        if key not in waiting:
            waiting[key] = asyncio.get_running_loop().create_future()
        answer = waiting[key]
        if tenant_id not in self._looking:
            looking = asyncio.create_task(self._look(tenant_id), name="gathered lookups")
            self._looking[tenant_id] = looking
        # Whoever goes away does not take the answer from the others.
        return await asyncio.shield(answer)

    async def _look(self, tenant_id: UUID) -> None:
        """Look up what waits, until nothing does."""
        try:
            while waiting := self._waiting.pop(tenant_id, {}):
                keys = list(waiting)
                for start in range(0, len(keys), _KEYS_MAX):
                    some = keys[start : start + _KEYS_MAX]
                    await self._answer(tenant_id, {key: waiting[key] for key in some})
        finally:
            del self._looking[tenant_id]

    async def _answer(self, tenant_id: UUID, asked: "Answers") -> None:
        try:
            rows = await self._database.fetch(self._statement, tenant_id, list(asked))
        except Exception as error:  # noqa: BLE001 - told to those who asked
            for answer in asked.values():
                answer.set_exception(error)
                # Whoever asked may be gone, and nobody else has to hear of it.
                answer.exception()
            return
        found = {row["key"]: row for row in rows}
        for key, answer in asked.items():
            answer.set_result(found.get(key))
