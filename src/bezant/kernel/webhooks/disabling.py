"""Disabling an endpoint that wants no more messages, or takes none."""

from datetime import datetime
from typing import TYPE_CHECKING

from bezant.kernel import audit, outbox
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import write_rows
from bezant.kernel.webhooks import store
from bezant.kernel.webhooks.claims import Claim, Means
from bezant.kernel.webhooks.schemas import DisabledReason

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


async def disable(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    means: Means,
    held: Claim,
    reason: DisabledReason,
    at: datetime,
) -> None:
    """Do so, with an audit entry and an event, which the tenant's other endpoints are told."""
    resource = f"/v1/webhook-endpoints/{held.endpoint_id}"
    call = Call(
        id=means.ids.new(),
        tenant_id=held.tenant_id,
        actor="platform:webhooks",
        action="webhook_endpoint.disable",
        resource=resource,
        origin="job",
    )
    told = outbox.event(
        means.ids.new(), "webhook_endpoint.disabled", resource, at, {"reason": reason}
    )
    await connection.execute(store.DISABLE_ENDPOINT, *held.place, reason)
    await write_rows(connection, held.tenant_id, [*audit.entry(call, Answer.of({}), at), told])
