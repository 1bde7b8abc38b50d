"""Serving the clearing system on this machine, with its cycles."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from socket import socket
from typing import NoReturn

import httpx

from bezant.kernel.clock import SystemClock
from bezant.payments.sandbox.csm.admin import Admin
from bezant.payments.sandbox.csm.clearing import Clearing
from bezant.payments.sandbox.csm.deliveries import Deliveries
from bezant.payments.sandbox.csm.participants import Participant
from bezant.payments.sandbox.csm.server import CsmServer
from bezant.payments.sandbox.csm.watching import Watcher


@asynccontextmanager
async def serve(
    secret: str,
    participants: Sequence[Participant],
    trusted: ssl.SSLContext,
    cycle_s: int,
    *,
    port: int = 0,
    listener: socket | None = None,
    watchers: Sequence[Watcher] = (),
) -> AsyncIterator[str]:
    """Serve until the block ends; what it yields is the address.

    Args:
        secret: of the line: it is called with it, and calls with it.
        participants: the banks whose messages are delivered.
        trusted: at their addresses.
        cycle_s: between cycles that settle what is not instant.
        port: 0 takes a free one.
        listener: a socket that listens already, in its place.
        watchers: are told what it settles.
    """
    clock = SystemClock()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/xml"}
    deliveries = Deliveries(httpx.AsyncClient(headers=headers, verify=trusted, trust_env=False))
    clearing = Clearing(clock, deliveries)
    clearing.watchers.extend(watchers)
    for each in participants:
        clearing.admit(each)
    server = await CsmServer(Admin(clearing, clock), secret).start(port, listener=listener)
    cycles = asyncio.create_task(_settle_every(cycle_s, clearing))
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        cycles.cancel()
        with suppress(asyncio.CancelledError):
            await cycles
        await server.close()
        await deliveries.close()


async def _settle_every(cycle_s: int, clearing: Clearing) -> NoReturn:
    while True:
        await asyncio.sleep(cycle_s)
        clearing.cycle()
