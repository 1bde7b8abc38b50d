"""Telling users, and the audit log, of what happened to them.

A notice is an event of the tenant, with references only. The tenant's own systems, which hear of
events by webhooks, know how the user is reached, and open the address for that purpose.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel import audit, outbox
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import write_rows
from bezant.kernel.ids import Ids

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

DONE: Final = Answer(200, b"")


def path_of(user_id: UUID) -> str:
    """A user's path."""
    return f"/v1/users/{user_id}"


def call_of(ids: Ids, tenant_id: UUID, user_id: UUID | None, action: str) -> Call:
    """What the audit log knows of what a user does on the pages.

    The purpose is the person's own, so that restricted data do not keep them from logging in.
    """
    return Call(
        id=ids.new(),
        tenant_id=tenant_id,
        actor="anonymous" if user_id is None else f"user:{user_id}",
        action=action,
        resource="/v1/users" if user_id is None else path_of(user_id),
        origin="http",
        purpose="consent",
    )


async def tell(
    connection: "Connection",
    ids: Ids,
    tenant_id: UUID,
    user_id: UUID,
    kind: str,
    at: datetime,
    data: Mapping[str, str] | None = None,
) -> None:
    """An event, in the commit of what it tells of."""
    event = outbox.event(ids.new(), kind, path_of(user_id), at, data or {})
    await write_rows(connection, tenant_id, [event])


async def audit_done(connection: "Connection", call: Call, at: datetime) -> None:
    """An entry of the audit log, in the commit of what was done."""
    await write_rows(connection, call.tenant_id, audit.entry(call, DONE, at))
