"""The audit log: who did what, to which resource, why, from where, and with what outcome.

References only, no personal data: an actor is a key or user id, a resource a path. Where others act
for the actor, they are named too: `user:… via client:…`.
"""

from datetime import datetime

from bezant.kernel.audit import store
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, Row, RowKind, write_rows
from bezant.kernel.errors import Unavailable

__all__ = ["entry", "write"]

_KIND = RowKind("audit_entry", store.INSERT)


def entry(call: Call, answer: Answer, at: datetime) -> list[Row]:
    """The row that tells of `call` and of its outcome, for the commit that holds its effect."""
    outcome = "refused" if answer.is_refusal else "done"
    values = (
        call.id,
        at,
        " via ".join((call.actor, *call.through)),
        call.action,
        call.resource,
        call.purpose,
        call.origin,
        outcome,
        answer.status,
    )
    return [Row(_KIND, values)]


async def write(database: Database, clock: Clock, call: Call, answer: Answer) -> None:
    """Write an entry of its own, for what changes nothing: reading what identifies people.

    Raises:
        Unavailable: it may not be written; then what it tells of must not happen.
    """
    rows = entry(call, answer, clock.now())
    try:
        await database.transaction(lambda connection: write_rows(connection, call.tenant_id, rows))
    except CommitUnknown as error:
        raise Unavailable("The audit log cannot be written.") from error
