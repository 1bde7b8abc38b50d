"""Start, stop, and what happens when something is killed."""

import asyncio
import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from bezant.server.embedded import (
    SUPERUSER,
    DataFolder,
    EmbeddedServers,
    StartupError,
    postgres,
    superuser_password,
)
from bezant.server.embedded import servers as under_test
from bezant.server.embedded.postgres_config import MAIN
from fixtures_servers import SeparateRun


def postmaster_of(data: Path, cluster: str = "postgres") -> int:
    return int((data / cluster / "postmaster.pid").read_text().split("\n")[0])


def processes_in(data: Path) -> list[int]:
    """Processes that work in a data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                if (entry / "cwd").resolve().is_relative_to(data):
                    found.append(int(entry.name))
    return found


async def ended(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process, end.set)
    try:
        await asyncio.wait_for(end.wait(), 20)
    finally:
        loop.remove_reader(process)
        os.close(process)


async def write(url: str, value: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("DROP TABLE IF EXISTS kept")
    await connection.execute("CREATE TABLE kept (value int)")
    await connection.execute("INSERT INTO kept VALUES ($1)", value)
    await connection.close()


async def read(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT value FROM kept ORDER BY value")
    await connection.close()
    return [row["value"] for row in rows]


async def test_what_was_committed_is_there_after_a_restart(data: Path) -> None:
    steps: list[str] = []
    started = time.monotonic()
    with DataFolder(data) as held:
        async with EmbeddedServers(held, steps.append) as servers:
            first_start_s = time.monotonic() - started
            await write(servers.postgres.owner_url, 1)
            await write(servers.keys.owner_url, 2)
        assert processes_in(data) == []
        assert list((data / "run").iterdir()) == []
        started = time.monotonic()
        async with EmbeddedServers(held, steps.append) as servers:
            restart_s = time.monotonic() - started
            assert await read(servers.postgres.owner_url) == [1]
            assert await read(servers.keys.owner_url) == [2]
    # Both at the same time.
    start = ["Starting PostgreSQL", "Starting PostgreSQL for keys"]
    create = ["Creating the database", "Creating the database of keys"]
    assert steps[:2] == create
    assert set(steps[2:4]) == set(start)
    assert steps[4:] == ["Starting Valkey", *start, "Starting Valkey"]
    # The bounds of the whole platform, of which this is the larger part.
    assert first_start_s < 15
    assert restart_s < 3


async def test_only_the_servers_that_are_asked_for_run(data: Path) -> None:
    with DataFolder(data) as held:
        async with EmbeddedServers(
            held, lambda _: None, has_postgres=False, has_keys=False
        ) as servers:
            async with Redis.from_url(servers.valkey_url) as cache:
                assert await cache.ping()
            assert not (data / "postgres").exists()
            assert not (data / "keys").exists()


def memory_kib(pid: int) -> int:
    """A process's share of memory, kibibytes: its own, and its part of what it shares (proc(5))."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


async def test_idle_servers_are_small(used_data: Path) -> None:
    with DataFolder(used_data) as held:
        async with EmbeddedServers(held, lambda _: None):
            idle_mib = sum(map(memory_kib, processes_in(used_data))) / 1024
    # Of the platform's 500 MiB; locks of serializable transactions are most of it.
    assert 50 < idle_mib < 200


async def test_servers_die_with_a_killed_platform_and_the_next_start_recovers(
    used_data: Path,
) -> None:
    with SeparateRun(used_data) as run:
        await write(run.ready().owner_url, 1)
        assert len(processes_in(used_data)) > 2
        run.end(signal.SIGKILL)
    # At once: the orphan may still be at its shutdown.
    with SeparateRun(used_data) as again:
        assert await read(again.ready().owner_url) == [1]
        again.end(signal.SIGKILL)
    for pid in processes_in(used_data):
        await ended(pid)


async def test_sigint_and_sigterm_stop_everything_cleanly(used_data: Path) -> None:
    for request in (signal.SIGINT, signal.SIGTERM):
        with SeparateRun(used_data) as run:
            status, errors = run.ready().end(request)
        assert status == 0, errors
        assert processes_in(used_data) == []
        for cluster in ("postgres", "keys"):
            assert not (used_data / cluster / "postmaster.pid").exists()


async def test_killed_servers_come_back_at_the_same_address(used_data: Path) -> None:
    steps: asyncio.Queue[str] = asyncio.Queue()
    with DataFolder(used_data) as held:
        async with EmbeddedServers(held, steps.put_nowait) as servers:
            urls = (servers.postgres.owner_url, servers.keys.owner_url)
            for value, url in enumerate(urls):
                await write(url, value)
            async with Redis.from_url(servers.valkey_url) as cache:
                valkey = (await cache.info("server"))["process_id"]
            keeper = asyncio.create_task(servers.keep_alive())
            for name, pid in (
                ("PostgreSQL", postmaster_of(used_data)),
                ("PostgreSQL for keys", postmaster_of(used_data, "keys")),
                ("Valkey", valkey),
            ):
                os.kill(pid, signal.SIGKILL)
                while await asyncio.wait_for(steps.get(), 20) != f"{name} runs again":
                    pass
            assert [await read(url) for url in urls] == [[0], [1]]
            async with Redis.from_url(servers.valkey_url) as cache:
                assert await cache.ping()
            keeper.cancel()
            await asyncio.wait([keeper])
    assert processes_in(used_data) == []


@pytest.mark.parametrize(("cluster", "other"), [("postgres", "keys"), ("keys", "postgres")])
async def test_a_cluster_that_cannot_start_takes_the_other_with_it(
    used_data: Path, cluster: str, other: str
) -> None:
    await start_and_stop_in(used_data)
    control = used_data / cluster / "global/pg_control"
    control.rename(control.with_suffix(".lost"))
    with pytest.raises(StartupError, match="global/pg_control"):
        await start_and_stop_in(used_data)
    control.with_suffix(".lost").rename(control)
    assert processes_in(used_data) == []
    assert not (used_data / other / "postmaster.pid").exists()


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_folder_of_a_release_without_the_vaults_role_gets_it(
    data: Path, monkeypatch: pytest.MonkeyPatch, *, is_told: bool
) -> None:
    """The role may be there already, when a start was killed before it wrote the password down."""
    with monkeypatch.context() as before:
        before.setattr(under_test, "MAIN", replace(MAIN, clients=("bezant_app",)))
        with DataFolder(data) as held:
            async with EmbeddedServers(
                held, lambda _: None, has_keys=False, has_valkey=False
            ) as old:
                await write(old.postgres.owner_url, 1)
                if not is_told:
                    await create_vault_role(data)
    passwords = data / "postgres-passwords.json"
    assert "bezant_vault" not in passwords.read_text()
    with DataFolder(data) as held:
        async with EmbeddedServers(held, lambda _: None) as new:
            vault = await asyncpg.connect(new.postgres.vault_url)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await vault.execute("SELECT value FROM kept")
            await vault.close()
            assert await read(new.postgres.owner_url) == [1]
            await (await asyncpg.connect(new.postgres.app_url)).close()
    assert json.loads(passwords.read_text()).keys() == set(MAIN.roles)


async def create_vault_role(data: Path) -> None:
    superuser = await asyncpg.connect(
        host=str(data / "run"),
        user=SUPERUSER,
        password=superuser_password(data),
        database="bezant",
    )
    await superuser.execute("CREATE ROLE bezant_vault LOGIN")
    await superuser.close()


async def start_and_stop_in(data: Path) -> None:
    with DataFolder(data) as held:
        await start_and_stop(held)


async def test_a_server_that_ends_time_after_time_is_given_up(used_data: Path) -> None:
    steps: asyncio.Queue[str] = asyncio.Queue()
    with DataFolder(used_data) as held:
        async with EmbeddedServers(held, steps.put_nowait) as servers:
            keeper = asyncio.create_task(servers.keep_alive())
            for _ in range(3):
                os.kill(postmaster_of(used_data), signal.SIGKILL)
                while await asyncio.wait_for(steps.get(), 20) != "PostgreSQL runs again":
                    pass
            os.kill(postmaster_of(used_data), signal.SIGKILL)
            with pytest.raises(StartupError, match="SIGKILL again, after 3 restarts"):
                await asyncio.wait_for(keeper, 20)


@pytest.mark.parametrize("lets_go", [True, False])
async def test_a_start_waits_for_the_backends_of_a_killed_postmaster(
    data: Path, monkeypatch: pytest.MonkeyPatch, *, lets_go: bool
) -> None:
    log = data / "log/postgres.log"
    with DataFolder(data) as held:
        async with EmbeddedServers(held, lambda _: None) as servers:
            client = await asyncpg.connect(servers.postgres.owner_url)
            backend = client.get_server_pid()
            os.kill(backend, signal.SIGSTOP)
            os.kill(postmaster_of(data), signal.SIGKILL)
        if not lets_go:
            monkeypatch.setattr(postgres, "_HELD_WITHIN_S", 0.2)
        starting = asyncio.create_task(start_and_stop(held))
        async with asyncio.timeout(20):
            # Written by another process.
            while "pre-existing shared memory block" not in log.read_text():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        if lets_go:
            os.kill(backend, signal.SIGCONT)
            await starting
        else:
            with pytest.raises(StartupError, match="pre-existing shared memory block"):
                await starting
            os.kill(backend, signal.SIGCONT)
        client.terminate()
        await ended(backend)


async def start_and_stop(held: DataFolder) -> None:
    async with EmbeddedServers(held, lambda _: None):
        pass
