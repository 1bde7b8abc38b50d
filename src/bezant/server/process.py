"""A process of the platform: how it takes its task, says that it serves, and ends with its parent.

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
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import uvicorn
import uvloop
from starlette.types import ASGIApp

from bezant.kernel.collector import tune_collector
from bezant.kernel.http import Streams
from bezant.kernel.telemetry import WORKER_MEMORY, Sensitive, configure_logs
from bezant.server.asking import AskingContext
from bezant.server.embedded import StartupError
from bezant.server.errors import CertificateUnusable
from bezant.server.protocol import BoundedProtocol, CertificateProtocol
from bezant.server.tls import BadCertificate, ServerCertificate

REFUSED: Final = 3
"""The exit status of a process that said why it cannot start."""

_LOOK_EVERY_S: Final = 5
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# Above the idle time that clients and load balancers keep a connection for (60 s is common), so
# that it is they who close it: a request sent into a closing connection is lost.
_KEEP_ALIVE_S: Final = 65
# Each connection costs some 50 KiB of TLS buffers; more are answered 503.
_CONNECTIONS_SERVED_MAX: Final = 4096
# A handshake takes two round trips and a signature; who sends half of one holds a descriptor.
_HANDSHAKE_SECONDS_MAX: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


class ProcessTask(Sensitive, msgspec.Struct, frozen=True):
    """What every process is told.

    Attributes:
        parent_pid: whose end is the process's.
        listener: the inherited descriptor of the listening socket.
        certificate: the TLS chain, PEM.
        key: its key, PEM.
        drain_s: how long requests in flight may take after the process was asked to stop.
        log_format: see `bezant.kernel.telemetry.LogFormat`.
        otlp_endpoint: where traces go; None for nowhere.
        slow_statement_ms: statements that take as long are logged.
        requests_per_s_max: what an API key may do, on the average.
        requests_burst_max: what it may do at once, after a rest.
    """

    parent_pid: int
    listener: int
    certificate: str
    key: str
    drain_s: int
    log_format: str
    otlp_endpoint: str | None
    slow_statement_ms: int
    requests_per_s_max: int
    requests_burst_max: int

    @property
    def inherited(self) -> tuple[int, ...]:
        """Every descriptor that the process takes over."""
        return (self.listener,)


T = TypeVar("T", bound=ProcessTask)


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a process tells its parent: that it serves, or a `StartupError`."""

    serving: bool
    code: str = ""
    problem: str = ""
    remedy: str = ""

    def say(self) -> None:
        """Send it."""
        sys.stdout.buffer.write(msgspec.json.encode(self) + b"\n")
        sys.stdout.buffer.flush()


def run(kind: type[T], serve: Callable[[T], Awaitable[None]]) -> None:
    """Take the task and serve until asked to stop."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=kind)
    _end_with(task.parent_pid)
    configure_logs(task.log_format)

    async def serving() -> None:
        await serve(task)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serving())
    except StartupError as error:
        Word(serving=False, code=error.code, problem=error.problem, remedy=error.remedy).say()
        sys.exit(REFUSED)


class _Server(uvicorn.Server):
    """A server that says when it accepts connections, and ends streams when it stops.

    Args:
        config: of the application, and of the connections of its first listener.
        streams: of the application, which never end by themselves.
        started: called once connections are accepted.
        asking: a second listener, whose clients present certificates, and its TLS. Its connections
            are among those that are counted, kept alive and drained.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        streams: Streams,
        started: Callable[[], None],
        asking: tuple[socket.socket, AskingContext] | None,
    ) -> None:
        super().__init__(config)
        self._streams = streams
        self._started = started
        self._asking = asking

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._asking is not None:
            listener, context = self._asking
            asking = await asyncio.get_running_loop().create_server(
                self._converse,
                sock=listener,
                ssl=context,
                backlog=self.config.backlog,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS_MAX,
            )
            self.servers.append(asking)
        tune_collector()
        self._started()
        Word(serving=True).say()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Every other response ends by itself, and is waited for.
        self._streams.close()
        asking = [] if self._asking is None else [self._asking[0]]
        await super().shutdown([*(sockets or []), *asking])

    def _converse(self) -> CertificateProtocol:
        return CertificateProtocol(self.config, self.server_state, self.lifespan.state)


async def serve_https(
    task: ProcessTask,
    app: ASGIApp,
    certificate: ServerCertificate,
    streams: Streams,
    started: Callable[[], None],
    mtls_listener: int | None = None,
) -> None:
    """Serve an application on the task's listener until asked to stop.

    Args:
        task: how.
        app: what.
        certificate: followed when its files change, and on SIGHUP.
        streams: of `app`, which never end by themselves.
        started: called once connections are accepted.
        mtls_listener: the descriptor of a second one, which asks for client certificates; None for
            none.
    """

    async def look_around() -> None:
        certificate.reload_if_changed()
        WORKER_MEMORY.set(_resident_bytes())

    def begin() -> None:
        WORKER_MEMORY.set(_resident_bytes())
        started()

    asking = None
    if mtls_listener is not None:
        asking = socket.socket(fileno=mtls_listener), certificate.asking
    server = _Server(
        uvicorn.Config(
            app,
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
        streams,
        begin,
        asking,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, certificate.reload)
    # The server raises the signal that stopped it once more when it is done, for whoever handled it
    # before: nobody, since what is left to do is to close everything.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    await server.serve(sockets=[socket.socket(fileno=task.listener)])


def load_certificate(task: ProcessTask) -> ServerCertificate:
    """The certificate to serve with.

    Raises:
        CertificateUnusable: it cannot be used.
    """
    try:
        return ServerCertificate.load(Path(task.certificate), Path(task.key))
    except BadCertificate as error:
        raise CertificateUnusable(
            f"The TLS certificate cannot be used: {error}.",
            "Give a PEM chain and its unencrypted key with --tls-certificate and --tls-key.",
        ) from error


def _end_with(parent_pid: int) -> None:
    """Be killed when the parent ends, even by SIGKILL (prctl(2), PR_SET_PDEATHSIG).

    Killed, not asked: the databases end at the same moment, so there is nothing to drain.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL)) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        sys.exit("the parent ended before its process began")


def _resident_bytes() -> int:
    """What this process holds in memory (proc(5), `statm`)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
