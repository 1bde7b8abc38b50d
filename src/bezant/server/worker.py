"""A worker: one process that serves requests, run as `python -m bezant.server.worker`.

Its task comes on standard input, since arguments and environments can be read by others. On
standard output it tells the parent, in one line of JSON each, that it serves, or why it cannot. It
ends when the parent does, however that happens.
"""

import asyncio
import ctypes
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
import uvicorn
import uvloop

from bezant.banking import ContactService
from bezant.kernel.api_keys import ApiKeyAuthenticator, ApiKeyService
from bezant.kernel.cache import open_cache
from bezant.kernel.clock import SystemClock
from bezant.kernel.collector import tune_collector
from bezant.kernel.database import Replica
from bezant.kernel.http import RateLimits, Streams
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import DeadJobService
from bezant.kernel.outbox import EventReader
from bezant.kernel.retention import Keep
from bezant.kernel.sealed_owners import SealedSweep
from bezant.kernel.sealing import KeySealer
from bezant.kernel.settings import read_sealing_key
from bezant.kernel.telemetry import (
    WORKER_MEMORY,
    WORKERS,
    Sensitive,
    configure_logs,
    open_tracing,
)
from bezant.kernel.unsealed import Unsealed
from bezant.kernel.webhooks import DeliveryService, Serving, WebhookService
from bezant.ledger import Ledger, ReconciliationService
from bezant.server.app import Platform, create_app
from bezant.server.background import background
from bezant.server.checkpoints import checkpoint_service
from bezant.server.connecting import opened_database
from bezant.server.embedded import StartupError
from bezant.server.errors import CertificateUnusable
from bezant.server.protocol import BoundedProtocol
from bezant.server.tls import BadCertificate, ServerCertificate
from bezant.server.webhooks import webhook_means

REFUSED: Final = 3
"""The exit status of a worker that said why it cannot start."""

_LOOK_EVERY_S: Final = 5
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# Above the idle time that clients and load balancers keep a connection for (60 s is common), so
# that it is they who close it: a request sent into a closing connection is lost.
_KEEP_ALIVE_S: Final = 65
# Each connection costs some 50 KiB of TLS buffers; more are answered 503.
_CONNECTIONS_SERVED_MAX: Final = 4096
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


class Task(Sensitive, msgspec.Struct, frozen=True):
    """What a worker serves, and with what.

    Attributes:
        parent_pid: whose end is the worker's.
        listener: the inherited descriptor of the listening socket.
        certificate: the TLS chain, PEM.
        key: its key, PEM.
        database_url: as the application's role.
        replica_url: a replica of the database, as the same role; None for none.
        connections_max: how many connections it may hold.
        slow_statement_ms: statements that take as long are logged.
        cache_url: the cache.
        cache_secret: what its entries are signed with, in hexadecimal digits.
        run_folder: where workers of one machine meet.
        requests_per_s_max: what an API key may do, on the average.
        requests_burst_max: what it may do at once, after a rest.
        keep: how long what is not history is kept.
        drain_s: how long requests in flight may take after the worker was asked to stop.
        log_format: see `bezant.kernel.telemetry.LogFormat`.
        otlp_endpoint: where traces go; None for nowhere.
        sealing_key: what secrets in the database are sealed under, in base64.
        checkpoint_interval_s: how often books that have grown are signed.
        checkpoint_folder: where checkpoints are kept as files.
        checkpoint_store_url: the second store for them; None for none.
        allow_webhook_loopback: send webhooks to this machine too.
    """

    parent_pid: int
    listener: int
    certificate: str
    key: str
    database_url: str
    replica_url: str | None
    connections_max: int
    slow_statement_ms: int
    cache_url: str
    cache_secret: str
    run_folder: str
    requests_per_s_max: int
    requests_burst_max: int
    keep: Keep
    drain_s: int
    log_format: str
    otlp_endpoint: str | None
    sealing_key: str
    checkpoint_interval_s: int
    checkpoint_folder: str
    checkpoint_store_url: str | None
    allow_webhook_loopback: bool


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a worker tells its parent: that it serves, or a `StartupError`."""

    serving: bool
    code: str = ""
    problem: str = ""
    remedy: str = ""

    def say(self) -> None:
        """Send it."""
        sys.stdout.buffer.write(msgspec.json.encode(self) + b"\n")
        sys.stdout.buffer.flush()


class _Server(uvicorn.Server):
    """A server that says when it accepts connections, and ends streams when it stops."""

    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        tune_collector()
        WORKERS.set(1)
        WORKER_MEMORY.set(_resident_bytes())
        Word(serving=True).say()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Every other response ends by itself, and is waited for.
        self._streams.close()
        await super().shutdown(sockets)


def main() -> None:
    """Take the task and serve until asked to stop."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    _end_with(task.parent_pid)
    configure_logs(task.log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(task))
    except StartupError as error:
        Word(serving=False, code=error.code, problem=error.problem, remedy=error.remedy).say()
        sys.exit(REFUSED)


def _end_with(parent_pid: int) -> None:
    """Be killed when the parent ends, even by SIGKILL (prctl(2), PR_SET_PDEATHSIG).

    Killed, not asked: the databases end at the same moment, so there is nothing to drain.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL)) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        sys.exit("the parent ended before its worker began")


async def _serve(task: Task) -> None:
    certificate = _load_certificate(task)
    async with AsyncExitStack() as opened:
        platform = await _open(task, opened)

        async def look_around() -> None:
            certificate.reload_if_changed()
            WORKER_MEMORY.set(_resident_bytes())

        server = _Server(
            uvicorn.Config(
                create_app(platform),
                http=BoundedProtocol,
                ws="none",
                lifespan="off",
                ssl_context_factory=lambda _config, _default: certificate.context,
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=_CONNECTIONS_SERVED_MAX,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=task.drain_s,
                callback_notify=look_around,
                timeout_notify=_LOOK_EVERY_S,
            ),
            platform.streams,
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, certificate.reload)
        # The server raises the signal that stopped it once more when it is done, for whoever
        # handled it before: nobody, since what is left to do is to close everything.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        await server.serve(sockets=[socket.socket(fileno=task.listener)])


async def _open(task: Task, opened: AsyncExitStack) -> Platform:
    """Everything that the application stands on, closed with `opened` in reverse order."""
    tracing = open_tracing(task.otlp_endpoint)
    opened.callback(tracing.close)
    database = await opened.enter_async_context(
        opened_database(
            task.database_url,
            connections_max=task.connections_max,
            slow_statement_ms=task.slow_statement_ms,
        )
    )
    replica = _replica(task)
    if replica is not None:
        opened.push_async_callback(replica.close)
    clock, ids = SystemClock(), TimeOrderedIds()
    cache = open_cache(task.cache_url, bytes.fromhex(task.cache_secret))
    opened.push_async_callback(cache.close)
    checkpoints = checkpoint_service(
        database,
        clock,
        ids,
        task.sealing_key,
        Path(task.checkpoint_folder),
        task.checkpoint_store_url,
        every_s=task.checkpoint_interval_s,
    )
    opened.push_async_callback(checkpoints.close)
    ledger = Ledger(
        database,
        Path(task.run_folder),
        clock=clock,
        ids=ids,
        replica=replica,
        cache=cache,
        gatekeeper=checkpoints.standing,
    )
    await ledger.start()
    opened.push_async_callback(ledger.close)
    sealer = KeySealer(read_sealing_key(task.sealing_key))
    reconciliations = ReconciliationService(database, clock, ids, sealer)
    vault = Unsealed()
    contacts = ContactService(database, clock, ids, vault)
    sealed = SealedSweep(vault, clock, [contacts.owner()])
    await opened.enter_async_context(
        background(
            database, clock, ids, task.keep, ledger, checkpoints.rounds, reconciliations, sealed
        )
    )
    events = EventReader(database)
    means = webhook_means(
        database, clock, ids, ledger, events, task.sealing_key,
        allow_loopback=task.allow_webhook_loopback,
    )  # fmt: skip
    opened.push_async_callback(means.sender.close)
    opened.push_async_callback(Serving.start(means).close)
    authenticator = ApiKeyAuthenticator(database, clock)
    opened.push_async_callback(authenticator.close)
    return Platform(
        database=database,
        ledger=ledger,
        checkpoints=checkpoints,
        reconciliations=reconciliations,
        contacts=contacts,
        api_keys=ApiKeyService(database, clock, ids),
        dead_jobs=DeadJobService(database, clock),
        events=events,
        webhooks=WebhookService(means),
        webhook_deliveries=DeliveryService(means),
        authenticator=RateLimits(
            authenticator, per_s=task.requests_per_s_max, burst=task.requests_burst_max
        ),
        cache=cache,
        ids=ids,
        tracing=tracing,
    )


def _resident_bytes() -> int:
    """What this process holds in memory (proc(5), `statm`)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def _replica(task: Task) -> Replica | None:
    if task.replica_url is None:
        return None
    return Replica(
        task.replica_url,
        connections_max=task.connections_max,
        slow_statement_ms=task.slow_statement_ms,
    )


def _load_certificate(task: Task) -> ServerCertificate:
    try:
        return ServerCertificate.load(Path(task.certificate), Path(task.key))
    except BadCertificate as error:
        raise CertificateUnusable(
            f"The TLS certificate cannot be used: {error}.",
            "Give a PEM chain and its unencrypted key with --tls-certificate and --tls-key.",
        ) from error


if __name__ == "__main__":
    main()
