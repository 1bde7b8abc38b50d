"""`bezant up`: from settings to a platform that serves, and back to nothing that runs."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Final, NamedTuple, NoReturn

import structlog

from bezant.identity.issuers import Issuer
from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.ledger import clear_run_folder
from bezant.server import endpoint
from bezant.server.backup import Archivists, archiving
from bezant.server.certificates import Certificates
from bezant.server.connecting import opened_database
from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.server.endpoint import Endpoint
from bezant.server.key_store import prepare_key_store
from bezant.server.listening import listen, url_of
from bezant.server.provisioning import SANDBOX, Provisioning, link_address
from bezant.server.sandboxing import Sandbox
from bezant.server.stores import Stores, has_vault, migrate_stores, opened_stores
from bezant.server.tasks import DRAIN_S, Tasks
from bezant.server.workers import OTHER_SIDE, VAULT, Workers, clear_metrics

Progress = Callable[[str], None]

# `sun_path` holds 107 bytes (unix(7)); the names of the lanes' sockets take up to 30 of them.
_RUN_FOLDER_BYTES_MAX: Final = 107 - 30

log = structlog.get_logger("bezant.lifecycle")


@dataclass(frozen=True, slots=True, repr=False)
class Serving:
    """What an operator is told when the platform serves.

    Attributes:
        url: where.
        mtls_url: where it asks for client certificates.
        issuer: the sandbox's authorization server.
        ca: the authority's certificate to trust; None with the operator's own certificate.
        sandbox_key: the sandbox's API key, at the first start only.
        operator_link: where the sandbox's first operator is made, at the first start only.
        vault_url: where the vault serves; None where there is none.
        passphrase: the file of the key store's passphrase, where it lies in the data folder.
        csm_url: where the simulated clearing system is told what to do; None where there is none.
        csm_secret: as a bearer token, of this start alone.
    """

    url: str
    mtls_url: str
    issuer: str
    ca: Path | None
    sandbox_key: str | None
    operator_link: str | None
    vault_url: str | None
    passphrase: Path | None
    csm_url: str | None
    csm_secret: str | None


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
        listener = opened.enter_context(closing(listen(settings.host, settings.port)))
        mtls_host = settings.mtls_host or settings.host
        mtls_listener = opened.enter_context(
            closing(listen(mtls_host, settings.mtls_port, option="mtls-"))
        )
        vault_listener = _vault_listener(settings, opened)
        sandbox = opened.enter_context(Sandbox.listening()) if settings.sandbox else None
        certificates = Certificates(settings, data)
        archivists = await opened.enter_async_context(archiving(settings, data))
        stores = await opened.enter_async_context(
            opened_stores(settings, data, progress, archivists.confs)
        )
        told = await _prepare(settings, stores, data, progress)
        run_folder = opened.enter_context(_run_folder(data))
        tasks = Tasks(settings, data, stores, certificates, run_folder, sandbox)
        metrics_folder = data.private_folder("metrics")
        clear_metrics(metrics_folder)
        listeners = [listener, mtls_listener]
        crew = [Workers(tasks.worker(*listeners), listeners, settings.workers, metrics_folder)]
        if vault_listener is not None:
            # It starts first and stops last: requests in flight may need it.
            task = tasks.vault(vault_listener)
            crew.insert(0, Workers(task, [vault_listener], 1, metrics_folder, VAULT))
        if sandbox is not None:
            both = [sandbox.listener, sandbox.csm_listener]
            other_side = tasks.other_side(listener)
            crew.insert(0, Workers(other_side, both, 1, metrics_folder, OTHER_SIDE))
        stop.insist = lambda: _each(crew, Workers.kill)
        for workers in crew:
            progress(f"Starting the {workers.kind.plural}")
            opened.push_async_callback(workers.stop)
            await workers.start()

        url = url_of(settings.host, listener)
        serving = Serving(
            url=url,
            mtls_url=url_of(mtls_host, mtls_listener),
            issuer=Issuer(SANDBOX, settings.public_url or url).url,
            ca=certificates.ca,
            sandbox_key=told.sandbox_key,
            operator_link=(
                None
                if told.operator_link is None
                else link_address(settings.public_url or url, SANDBOX, told.operator_link)
            ),
            vault_url=(
                None
                if vault_listener is None
                else url_of(settings.vault_host or settings.host, vault_listener)
            ),
            passphrase=told.passphrase,
            csm_url=None if sandbox is None else sandbox.csm_url,
            csm_secret=None if sandbox is None else sandbox.secret,
        )
        endpoint.write(data, _endpoint(serving, stores, tasks))
        opened.callback(endpoint.remove, data)
        tell(serving)
        with certificates.kept_current(lambda: _each(crew, Workers.reload_certificate)):
            await _keep(crew, stores.embedded, archivists)


def _vault_listener(settings: Settings, opened: AsyncExitStack) -> socket | None:
    if not has_vault(settings):
        return None
    host = settings.vault_host or settings.host
    return opened.enter_context(closing(listen(host, settings.vault_port, option="vault-")))


def _endpoint(serving: Serving, stores: Stores, tasks: Tasks) -> Endpoint:
    return Endpoint(
        url=serving.url,
        mtls_url=serving.mtls_url,
        ca=None if serving.ca is None else str(serving.ca),
        pid=os.getpid(),
        database_url=stores.database_url,
        owner_url=stores.owner_url,
        cache_url=stores.cache_url,
        vault_url=serving.vault_url,
        vault_socket=tasks.vault_socket,
        vault_token=tasks.vault_token,
        csm_url=serving.csm_url,
        csm_secret=serving.csm_secret,
    )


def _each(crew: Sequence[Workers], act: Callable[[Workers], None]) -> None:
    for workers in crew:
        act(workers)


async def _keep(
    crew: Sequence[Workers], servers: EmbeddedServers | None, archivists: Archivists
) -> NoReturn:
    """Replace what ends by itself, for ever.

    Raises:
        StartupError: processes or embedded servers end faster than it makes sense to replace them.
    """
    kept = [asyncio.create_task(workers.keep()) for workers in crew]
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


class _Prepared(NamedTuple):
    """What is told at the end of a start.

    Attributes:
        sandbox_key: if it is new.
        operator_link: of the sandbox's first operator, if the key is new.
        passphrase: its file, if that lies in the data folder.
    """

    sandbox_key: str | None
    operator_link: str | None
    passphrase: Path | None


async def _prepare(
    settings: Settings, stores: Stores, data: DataFolder, progress: Progress
) -> _Prepared:
    """Bring the schemas up to date, and make the first keys, a link and the key store."""
    await migrate_stores(stores, progress)
    async with opened_database(stores.database_url, connections_max=2) as database:
        provisioning = Provisioning(database, SystemClock(), TimeOrderedIds())
        sandbox_key = await provisioning.sandbox_key()
        operator_link = None if sandbox_key is None else await provisioning.operator_link()
        if not endpoint.has_local_key(data):
            endpoint.write_local_key(data, await provisioning.local_key())
    passphrase = None
    if stores.vault is not None:
        passphrase = await prepare_key_store(settings, data, stores.vault.database_url)
    return _Prepared(sandbox_key, operator_link, passphrase)


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
