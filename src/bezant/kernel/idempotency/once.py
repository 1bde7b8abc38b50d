"""Writes that belong to no book: one transaction with its idempotency record and audit entry."""

from typing import TYPE_CHECKING, Final

import asyncpg

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import (
    ROLLBACK_TO_SAVEPOINT,
    SAVEPOINT,
    CommitUnknown,
    Database,
    write_rows,
)
from bezant.kernel.errors import Refusal, Unavailable
from bezant.kernel.idempotency import store
from bezant.kernel.idempotency.records import find, record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asyncpg.pool import PoolConnectionProxy

_TRIES_MAX: Final = 5


async def once(
    database: Database,
    clock: Clock,
    call: Call,
    work: "Callable[[PoolConnectionProxy[asyncpg.Record]], Awaitable[Answer]]",
) -> Answer:
    """Do `work` unless an earlier request with the call's key did, and answer as it was answered.

    A refusal raised by `work` undoes what it wrote, and is itself recorded and replayed.

    Args:
        database: where.
        clock: tells when it was done.
        call: who asks, and under which key.
        work: reads and writes through the connection it is given; may run several times.

    Raises:
        Unavailable: the outcome could not be learnt; a repeat with the same key is safe.
    """

    async def transact(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
        await connection.execute(SAVEPOINT)
        try:
            answer = await work(connection)
        except Refusal as refusal:
            await connection.execute(ROLLBACK_TO_SAVEPOINT)
            answer = Answer.refused(refusal)
        at = clock.now()
        rows = [*record(call, answer, at), *audit.entry(call, answer, at)]
        await write_rows(connection, call.tenant_id, rows)
        return answer

    for _ in range(_TRIES_MAX):
        earlier = await find(database, call.tenant_id, [call])
        if call.id in earlier:
            return earlier[call.id]
        try:
            return await database.transaction(transact)
        except CommitUnknown:
            # Whether it took effect is written in the record: look, and do it only if it is not
            # there.
            continue
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != store.CONSTRAINT:
                raise
    raise Unavailable("The outcome is not known yet: repeat the request with the same key.")
