"""`bezant up`: from settings to a platform that serves, and back to nothing that runs."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import structlog

from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.retention import Keep
from bezant.kernel.settings import Settings
from bezant.ledger import clear_run_folder
from bezant.server import endpoint
from bezant.server.backup import Archivists, archiving
from bezant.server.cache_secret import cache_secret
from bezant.server.certificates import Certificates
from bezant.server.checkpoints import folder_of, store_url_of
from bezant.server.connecting import migrate_schema, opened_database
from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.server.endpoint import Endpoint
from bezant.server.listening import listen
from bezant.server.provisioning import Provisioning
from bezant.server.sealing_key import sealing_key
from bezant.server.worker import Task
from bezant.server.workers import Workers

Progress = Callable[[str], None]

DRAIN_S: Final = 10
"""How long requests in flight may take once the platform was asked to stop."""

_CONNECTIONS_PER_WORKER_MAX: Final = 10
# The embedded PostgreSQL takes 100 connections; some are for migrations, commands and operators.
_CONNECTIONS_MAX: Final = 80
_LOOPBACK: Final = frozenset({"", "0.0.0.0", "::", "127.0.0.1", "::1"})  # noqa: S104 - not bound to
# `sun_path` holds 107 bytes (unix(7)); the names of the lanes' sockets take up to 30 of them.
_RUN_FOLDER_BYTES_MAX: Final = 107 - 30

log = structlog.get_logger("bezant.lifecycle")


@dataclass(frozen=True, slots=True, repr=False)
class Stores:
    """Where the platform keeps its data. The URLs hold passwords.

    Attributes:
        embedded: those of the servers that are ours; None when all are outside ones.
    """

    database_url: str
    owner_url: str | None
    cache_url: str
    embedded: EmbeddedServers | None


@dataclass(frozen=True, slots=True, repr=False)
class Serving:
    """What an operator is told when the platform serves.

    Attributes:
        url: where.
        ca: the authority's certificate to trust; None with the operator's own certificate.
        sandbox_key: the sandbox's API key, at the first start only.
    """

    url: str
    ca: Path | None
    sandbox_key: str | None


async def up(settings: Settings, progress: Progress, tell: Callable[[Serving], None]) -> None:
    """Run the platform until SIGTERM or SIGINT. A second signal ends it without draining.

    Args:
        settings: how.
        progress: told each slow step as it begins.
        tell: told when it serves.

    Raises:
        StartupError: it cannot start, or its workers end again and again.
    """
    stop = _Stop()
    stop.listen()
    try:
        with DataFolder(settings.data_dir) as data:
            await _run(settings, data, progress, tell, stop)
    except asyncio.CancelledError:
        if not stop.is_asked:
            raise


async def _run(
    settings: Settings,
    data: DataFolder,
    progress: Progress,
    tell: Callable[[Serving], None],
    stop: "_Stop",
) -> None:
    async with AsyncExitStack() as opened:
        # First what fails at once.
        listener = listen(settings.host, settings.port)
        opened.callback(listener.close)
        certificates = Certificates(settings, data)
        archivists = await opened.enter_async_context(archiving(settings, data))
        stores = await opened.enter_async_context(_stores(settings, data, progress, archivists))
        sandbox_key = await _prepare(stores, data, progress)
        run_folder = opened.enter_context(_run_folder(data))
        task = Task(
            parent_pid=os.getpid(),
            listener=listener.fileno(),
            certificate=str(certificates.certificate),
            key=str(certificates.key),
            database_url=stores.database_url,
            replica_url=(
                None if settings.replica_url is None else settings.replica_url.get_secret_value()
            ),
            connections_max=_connections_per_worker(settings.workers),
            slow_statement_ms=settings.slow_statement_ms,
            cache_url=stores.cache_url,
            cache_secret=cache_secret(settings, data),
            run_folder=str(run_folder),
            requests_per_s_max=settings.requests_per_s_max,
            requests_burst_max=settings.requests_burst_max,
            keep=Keep(
                idempotency_h=settings.keep_idempotency_h,
                jobs_h=settings.keep_jobs_h,
                dead_jobs_h=settings.keep_dead_jobs_h,
                events_h=settings.keep_events_h,
            ),
            drain_s=DRAIN_S,
            log_format=settings.log_format,
            otlp_endpoint=settings.otlp_endpoint,
            sealing_key=sealing_key(settings, data),
            checkpoint_interval_s=settings.checkpoint_interval_s,
            checkpoint_folder=str(folder_of(settings, data.path)),
            checkpoint_store_url=store_url_of(settings),
            allow_webhook_loopback=settings.allow_webhook_loopback,
        )
        workers = Workers(task, listener, settings.workers, data.private_folder("metrics"))
        stop.insist = workers.kill
        progress("Starting the workers")
        opened.push_async_callback(workers.stop)
        await workers.start()

        url = f"https://{_name(settings.host)}:{listener.getsockname()[1]}"
        ca = None if certificates.ca is None else str(certificates.ca)
        urls = (stores.database_url, stores.owner_url, stores.cache_url)
        endpoint.write(data, Endpoint(url, ca, os.getpid(), *urls))
        opened.callback(endpoint.remove, data)
        tell(Serving(url, certificates.ca, sandbox_key))
        with certificates.kept_current(workers.reload_certificate):
            await _keep(workers, stores.embedded, archivists)


async def _keep(
    workers: Workers, servers: EmbeddedServers | None, archivists: Archivists
) -> NoReturn:
    """Replace what ends by itself, for ever.

    Raises:
        StartupError: workers or embedded servers end faster than it makes sense to replace them.
    """
    kept = [asyncio.create_task(workers.keep())]
    if servers is not None:
        kept.append(asyncio.create_task(servers.keep_alive()))
    kept.append(asyncio.create_task(archivists.ended()))
    try:
        ended, _ = await asyncio.wait(kept, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in kept:
            task.cancel()
    await ended.pop()
    raise AssertionError("kept for ever")


class _Stop:
    """What SIGTERM and SIGINT do: cancel what runs, whose clean-up ends everything in order."""

    def __init__(self) -> None:
        self.is_asked = False
        self.insist: Callable[[], None] | None = None

    def listen(self) -> None:
        """Handle the signals from here on, for the current task."""
        task = asyncio.current_task()
        assert task is not None

        def ask() -> None:
            if self.is_asked and self.insist is not None:
                log.warning("stopping_without_draining")
                self.insist()
            if not self.is_asked:
                self.is_asked = True
                log.info("stopping", drain_s_max=DRAIN_S)
                task.cancel()

        for request in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(request, ask)


@asynccontextmanager
async def _stores(
    settings: Settings, data: DataFolder, progress: Progress, archivists: Archivists
) -> AsyncIterator[Stores]:
    """The database and the cache: those of the settings, and embedded ones for the others."""
    outside, owner, cache = (
        None if url is None else url.get_secret_value()
        for url in (settings.database_url, settings.owner_url, settings.cache_url)
    )
    if outside is not None and cache is not None:
        yield Stores(outside, owner, cache, None)
        return
    embedded = EmbeddedServers(
        data,
        progress,
        has_postgres=outside is None,
        has_valkey=cache is None,
        confs=archivists.confs,
    )
    async with embedded as servers:
        if outside is None:
            outside, owner = servers.postgres.app_url, servers.postgres.owner_url
        try:
            yield Stores(outside, owner, cache or servers.valkey_url, servers)
        finally:
            progress("Stopping the embedded servers")


async def _prepare(stores: Stores, data: DataFolder, progress: Progress) -> str | None:
    """Bring the schema up to date and make the first keys; the sandbox's, if it is new."""
    if stores.owner_url is not None:
        await migrate_schema(stores.owner_url, stores.database_url, progress)
    async with opened_database(stores.database_url, connections_max=2) as database:
        provisioning = Provisioning(database, SystemClock(), TimeOrderedIds())
        sandbox_key = await provisioning.sandbox_key()
        if not endpoint.has_local_key(data):
            endpoint.write_local_key(data, await provisioning.local_key())
        return sandbox_key


@contextmanager
def _run_folder(data: DataFolder) -> Iterator[Path]:
    """Where the workers' sockets are: in the data folder, or in a short one if its path is long."""
    inside = data.private_folder("lanes")
    if len(os.fsencode(inside)) <= _RUN_FOLDER_BYTES_MAX:
        clear_run_folder(inside)
        yield inside
        return
    with tempfile.TemporaryDirectory(prefix="bezant-") as short:
        yield Path(short)


def _connections_per_worker(workers: int) -> int:
    return max(2, min(_CONNECTIONS_PER_WORKER_MAX, _CONNECTIONS_MAX // workers))


def _name(host: str) -> str:
    """The host as clients on this machine call it."""
    if host in _LOOPBACK:
        return "localhost"
    return f"[{host}]" if ":" in host else host
