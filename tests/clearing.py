"""A clearing system for tests, and the rails that use it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from bezant.kernel.clock import Clock, ManualClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.payments.rails import Coordinates, Outgoing
from bezant.payments.rails.sepa import (
    CsmLink,
    InstantRail,
    Participant,
    Participants,
    TransferRail,
)
from bezant.payments.sandbox import csm

SECRET = "a secret of at least thirty-two letters"
OUR_BIC = "COBADEFFXXX"
OUR_IBAN = "DE89370400440532013000"
THEIR_BIC = "BUKBGB22XXX"
THEIR_IBAN = "GB33BUKB20201555555555"
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)  # a Tuesday
# To read the machine's authorities takes a tenth of a second, and nothing here is TLS.
UNUSED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TENANT, INSTITUTION = uuid4(), uuid4()


@dataclass
class System:
    """The clearing system and whoever calls it.

    Attributes:
        clock: of everybody.
    """

    clock: ManualClock
    clearing: csm.Clearing
    deliveries: csm.Deliveries
    server: csm.CsmServer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def behave(self, kind: csm.Misbehaviour, code: str = "AC04", delay_s: float = 15.0) -> None:
        """Spoil the next transfer."""
        self.clearing.behaviours.queued.append(csm.Behaviour(kind, code, delay_s))

    def statuses(self) -> list[tuple[str, str | None]]:
        """Of every transfer that was taken."""
        return [(each.status, each.reason) for each in self.clearing.transfers.values()]

    def outgoing(self, *, amount: int = 1_000, name: str = "Grace Hopper") -> Outgoing:
        """An attempt that begins now."""
        at = self.clock.now()
        return Outgoing(
            tenant_id=TENANT,
            order_id=uuid4(),
            attempt_id=uuid4(),
            institution_id=INSTITUTION,
            amount=amount,
            asset="EUR",
            debtor=Coordinates("Ada Lovelace", OUR_IBAN),
            creditor=Coordinates(name, THEIR_IBAN),
            end_to_end_id="E-1",
            remittance="Invoice 7",
            accepted_at=at,
            deadline=at + timedelta(seconds=10),
        )


@asynccontextmanager
async def clearing_system(clock: Clock | None = None) -> AsyncIterator[System]:
    """One that listens on this machine.

    Args:
        clock: of its own; without, it is the system's, which tests move.
    """
    manual = ManualClock(NOON)
    clock = clock or manual
    client = httpx.AsyncClient(headers={"Authorization": f"Bearer {SECRET}"}, trust_env=False)
    deliveries = csm.Deliveries(client)
    clearing = csm.Clearing(clock, deliveries)
    server = await csm.CsmServer(csm.Admin(clearing, clock), SECRET).start()
    try:
        yield System(manual, clearing, deliveries, server)
    finally:
        await server.close()
        await deliveries.close()


@asynccontextmanager
async def listening(routes: Sequence[Route]) -> AsyncIterator[str]:
    """A server of routes on this machine; its address."""
    config = uvicorn.Config(Starlette(routes=routes), port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def participants(tenant: UUID = TENANT, institution: UUID = INSTITUTION) -> Participants:
    """Us."""
    return Participants([Participant(OUR_BIC, tenant, institution)])


@asynccontextmanager
async def rails_to(
    url: str, clock: Clock, *, answer_s: float = 2.0, who: Participants | None = None
) -> AsyncIterator[tuple[InstantRail, TransferRail]]:
    """Both rails over one line."""
    who = who or participants()
    ids, link = TimeOrderedIds(), CsmLink.to(url, SECRET, answer_s, UNUSED)
    try:
        yield InstantRail(link, who, clock, ids), TransferRail(link, who, clock, ids)
    finally:
        await link.close()
