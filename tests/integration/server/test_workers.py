"""Workers that end again and again."""

import asyncio
import os
import signal
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.retention import Keep
from bezant.server import workers as under_test
from bezant.server.development_ca import DevelopmentCa
from bezant.server.embedded import EmbeddedServers
from bezant.server.errors import WorkerRefused, WorkersFailing
from bezant.server.listening import listen
from bezant.server.migrations import migrate
from bezant.server.task import Task
from bezant.server.workers import DEATHS_MAX, Workers
from fixtures_api import CACHE_SECRET
from running_platform import ENVIRONMENT
from running_platform import workers as worker_pids

MakeWorkers = Callable[..., Workers]


@pytest.fixture
def make_workers(
    tmp_path: Path, embedded_servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch
) -> MakeWorkers:
    monkeypatch.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])
    authority = DevelopmentCa(tmp_path, SystemClock())
    authority.ensure("localhost")
    metrics_folder = tmp_path / "metrics"
    metrics_folder.mkdir()

    def make(database_url: str = embedded_servers.postgres.app_url) -> Workers:
        listener, mtls_listener = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
        task = Task(
            parent_pid=os.getpid(),
            listener=listener.fileno(),
            mtls_listener=mtls_listener.fileno(),
            certificate=str(authority.certificate),
            key=str(authority.key),
            database_url=database_url,
            replica_url=None,
            connections_max=2,
            slow_statement_ms=500,
            cache_url=embedded_servers.valkey_url,
            cache_secret=CACHE_SECRET.hex(),
            run_folder=str(tmp_path),
            requests_per_s_max=5_000,
            requests_burst_max=10_000,
            keep=Keep(),
            drain_s=1,
            log_format="json",
            otlp_endpoint=None,
            sealing_key=b64encode(bytes(32)).decode(),
            checkpoint_interval_s=86_400,
            checkpoint_folder=str(tmp_path / "checkpoints"),
            checkpoint_store_url=None,
            allow_webhook_loopback=False,
            vault_socket=None,
            vault_token="",
            public_url="https://localhost:8443",
            breached_passwords=None,
            payee_directory=None,
            public_mtls_url="https://localhost:8445",
            mtls_authorities=None,
            mtls_proxies=[],
            csm=None,
            allow_unregistered_creditors=False,
            simulated=None,
        )
        return Workers(task, [listener, mtls_listener], 1, metrics_folder)

    return make


@pytest.fixture
async def workers(
    make_workers: MakeWorkers, embedded_servers: EmbeddedServers
) -> AsyncIterator[Workers]:
    await migrate(embedded_servers.postgres.owner_url, "bezant_app")
    workers = make_workers()
    await workers.start()
    yield workers
    await workers.stop()


async def test_workers_that_end_again_and_again_end_the_platform(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The waits between replacements, a quarter of a minute in all, are not what is tested.
    monkeypatch.setattr(under_test, "_BACKOFF_S", 0.0)
    keeping = asyncio.create_task(workers.keep())
    killed: set[int] = set()
    async with asyncio.timeout(60):
        while not keeping.done():
            for pid in worker_pids(os.getpid()) - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            await asyncio.sleep(0.05)
    with pytest.raises(WorkersFailing, match=f"{DEATHS_MAX} times within"):
        await keeping
    assert len(killed) > DEATHS_MAX


async def test_a_worker_that_cannot_start_says_why_and_takes_the_others_with_it(
    make_workers: MakeWorkers,
) -> None:
    workers = make_workers("postgresql://bezant@127.0.0.1:1/bezant")
    with pytest.raises(WorkerRefused, match="The database cannot be reached") as refused:
        await workers.start()
    assert refused.value.code == "DATABASE_UNUSABLE"
    assert worker_pids(os.getpid()) == set()
