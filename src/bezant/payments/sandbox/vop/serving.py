"""Serving the bank over HTTPS on this machine."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn

from bezant.payments.sandbox.vop.responder import SandboxResponder


class _Server(uvicorn.Server):
    """One that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serve(
    responder: SandboxResponder,
    certificate: Path,
    key: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clients: Path | None = None,
) -> AsyncIterator[str]:
    """Serve until the block ends; what it yields is the origin.

    Args:
        responder: what answers.
        certificate: its chain, PEM.
        key: its key, PEM.
        host: an address of this machine, which the certificate names.
        port: 0 takes a free one.
        clients: whose certificates callers have to show, PEM; None asks for none.
    """
    with socket.create_server((host, port)) as listener:
        config = uvicorn.Config(
            responder,
            lifespan="off",
            log_level="critical",
            ssl_certfile=certificate,
            ssl_keyfile=key,
            ssl_ca_certs=None if clients is None else str(clients),
            ssl_cert_reqs=ssl.CERT_NONE if clients is None else ssl.CERT_REQUIRED,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"https://{host}:{listener.getsockname()[1]}"
        finally:
            responder.released.set()
            server.should_exit = True
            await serving
