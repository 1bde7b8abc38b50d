"""Telling clients that their user has decided (CIBA Core 1.0, section 10.2).

The job that does it is written in the commit of the decision, and is repeated until the client has
heard of it or the request is over. It says nothing but which request: the client fetches the rest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.identity.backchannel import store
from bezant.identity.backchannel.domain import LIFETIME_MAX, Kept, context_of_row
from bezant.identity.clients import Clients
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, Handling, Job, JobKind, Outcome, RetryPolicy
from bezant.kernel.outbound import TargetRefused, read_target
from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.kernel.webhooks import Sender, SendFailed

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_kept: Final = msgspec.json.Decoder(Kept)


class Ping(Struct, frozen=True):
    """The job's payload: which approval was decided. What is told is sealed in the request."""

    approval_id: UUID


PING: Final = JobKind(
    "backchannel.ping",
    Ping,
    # A request that is over is none to tell of.
    RetryPolicy(attempts_max=30, age_max=LIFETIME_MAX, first_s=1, wait_s_max=30),
    attempt_s_max=30,
)


class PingJobs:
    """Hears of decisions, and has clients told that want to be."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    async def heard(
        self, connection: "Connection", tenant_id: UUID, approval_id: UUID, at: datetime
    ) -> None:
        """Write the job, in the commit of the decision, approved or refused (section 10.2)."""
        if await connection.fetchrow(store.FIND_OF_APPROVAL, tenant_id, approval_id) is None:
            return
        job = PING.row(self._ids.new(), tenant_id, Ping(approval_id), at=at)
        await write_rows(connection, tenant_id, [job])


@dataclass(frozen=True, slots=True)
class Pinger:
    """Carries the jobs out.

    Attributes:
        sender: sends as webhooks are sent: to checked addresses, and follows no redirect.
        allow_loopback: tell clients on this machine too, for development.
    """

    database: Database
    clock: Clock
    clients: Clients
    sealer: SecretSealer
    sender: Sender
    allow_loopback: bool

    def handling(self) -> Handling[Ping]:
        """The kind of job, and who carries it out."""
        return Handling(PING, self._ping)

    async def _ping(self, job: Job[Ping]) -> Outcome:
        row = await self.database.fetchrow(
            store.FIND_OF_APPROVAL, job.tenant_id, job.payload.approval_id
        )
        if row is None or row["expires_at"] <= self.clock.now():
            return Done()
        client = await self.clients.find(job.tenant_id, str(row["client_id"]))
        if client is None or client.disabled_at is not None or client.backchannel is None:
            return Done()
        url = client.backchannel.client_notification_endpoint
        assert url is not None, "a client that is told has somewhere to be told"
        context = context_of_row(job.tenant_id, row["id_hash"])
        kept = _kept.decode(self.sealer.open(SealedSecret(row["sealed"]), context))
        return await self._tell(url, kept)

    async def _tell(self, url: str, kept: Kept) -> Outcome:
        headers = {"Authorization": f"Bearer {kept.asked.notification_token}"}
        body = msgspec.json.encode({"auth_req_id": kept.auth_req_id})
        try:
            target = read_target(url, allow_loopback=self.allow_loopback)
            reply = await self.sender.post(target, headers, body)
        except TargetRefused:
            # The rules were other ones when the client was registered.
            return Again("address_refused")
        except SendFailed as failed:
            return Again(failed.reason)
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            return Done()
        asked_s = reply.retry_after_s
        wait = None if asked_s is None else min(timedelta(seconds=asked_s), LIFETIME_MAX)
        return Again(f"status_{reply.status}", wait)
