"""`bezant up` starting, stopping, being killed, and refusing to start."""

import asyncio
import os
import pwd
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from bezant.server import endpoint
from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.server.errors import NotRunning
from bezant.server.migrations import migrate
from bezant.server.tasks import DRAIN_S
from fixtures_servers import open_folder
from running_platform import (
    COMMAND,
    ENVIRONMENT,
    RunningPlatform,
    children,
    living,
    running,
    until,
    workers,
)

pytestmark = pytest.mark.long

NORMAL_USER = (
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
    # Only so that it can read this interpreter and package, which may lie in root's home.
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
)
NEW_BOOK = {"name": "Main", "assets": [{"code": "EUR", "scale": 2}]}


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as parent:
        yield parent / "data"


@pytest.fixture(scope="module")
def kept_data_dir() -> Iterator[Path]:
    """A folder that one test after the other starts on."""
    with open_folder() as parent:
        yield parent / "data"


async def refused(*arguments: str) -> tuple[int, str]:
    """Run `up` where it must refuse: its status, and what it says."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "up", "--port", "0", "--mtls-port", "0", "--vault-port", "0", *arguments,
        env=ENVIRONMENT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert output == b""
    assert process.returncode is not None
    return process.returncode, errors.decode()


async def create_book(platform: RunningPlatform, key: str) -> str:
    async with platform.client() as client:
        answer = await client.post("/v1/books", json=NEW_BOOK, headers={"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    book: str = answer.json()["id"]
    return book


async def books(platform: RunningPlatform) -> set[str]:
    async with platform.client() as client:
        return {book["id"] for book in (await client.get("/v1/books")).json()["books"]}


@asynccontextmanager
async def request_in_flight(
    platform: RunningPlatform, key: str
) -> AsyncIterator[asyncio.Task[str]]:
    """A request that waits for the database, until the context is left."""
    owner = await asyncpg.connect(endpoint.read(platform.data_dir).owner_url)

    async def is_waiting() -> bool:
        return bool(await owner.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    try:
        await owner.execute("BEGIN")
        await owner.execute("LOCK TABLE book IN ACCESS EXCLUSIVE MODE")
        creating = asyncio.create_task(create_book(platform, key))
        await until(is_waiting)
        yield creating
    finally:
        owner.terminate()


async def is_closed(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return True
    writer.close()
    return False


@pytest.mark.parametrize("request_to_stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_cleanly_and_leaves_nothing_running(
    kept_data_dir: Path, request_to_stop: signal.Signals
) -> None:
    async with running(kept_data_dir) as platform:
        started = set(children(platform.process.pid))
        assert len(started) == 5, "a worker, the vault, PostgreSQL twice and Valkey"
        assert await platform.stop(request_to_stop) == 0
    assert not living(started)
    log = (kept_data_dir / "log" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")
    with pytest.raises(NotRunning):
        endpoint.read(kept_data_dir)


async def test_a_restart_keeps_the_data_and_does_not_show_the_key_again(
    kept_data_dir: Path,
) -> None:
    async with running(kept_data_dir) as platform:
        book = await create_book(platform, "before")
    async with running(kept_data_dir) as platform:
        assert platform.serving["api_key"] is None
        assert platform.serving["operator_link"] is None
        assert book in await books(platform)


async def test_a_platform_killed_outright_leaves_nothing_running_and_recovers_by_itself(
    kept_data_dir: Path,
) -> None:
    async with running(kept_data_dir, "--workers", "2") as platform:
        book = await create_book(platform, "killed")
        started = set(children(platform.process.pid))
        assert len(started) == 6
        assert await platform.stop(signal.SIGKILL) == -signal.SIGKILL
    # At once, while what it left behind is still ending.
    async with running(kept_data_dir) as platform:
        assert book in await books(platform)

        async def all_gone() -> bool:
            return not living(started)

        await until(all_gone)


async def test_requests_in_flight_are_answered_before_it_stops(kept_data_dir: Path) -> None:
    async with running(kept_data_dir) as platform:
        async with request_in_flight(platform, "in-flight") as creating:
            platform.process.send_signal(signal.SIGTERM)
            await until(lambda: is_closed(platform.port))
            # It is neither dropped nor answered for as long as it takes.
            await asyncio.wait({creating}, timeout=1)
            assert not creating.done()
        assert await creating
        assert await platform.ended() == 0


async def test_idle_connections_do_not_hold_up_the_end(kept_data_dir: Path) -> None:
    """Who keeps a connection for later does not hear that it ends until they use it again."""
    async with running(kept_data_dir) as platform, platform.client() as client:
        assert (await client.get("/v1/books")).status_code == 200
        asked_at = time.monotonic()
        assert await platform.stop() == 0
        assert time.monotonic() - asked_at < DRAIN_S
        with pytest.raises(httpx.TransportError):
            await client.get("/v1/books")


async def test_a_second_signal_ends_it_without_waiting_for_requests(kept_data_dir: Path) -> None:
    async with running(kept_data_dir) as platform:
        async with request_in_flight(platform, "hurried") as creating:
            platform.process.send_signal(signal.SIGINT)
            await until(lambda: is_closed(platform.port))
            platform.process.send_signal(signal.SIGINT)
            await platform.event("stopping_without_draining")
            with pytest.raises(httpx.TransportError):
                await creating
        assert await platform.ended() == 0


async def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    status, errors = await refused("--data-dir", str(file))
    assert status == 1
    assert errors.startswith("bezant: ")
    assert "--data-dir" in errors


async def test_every_problem_of_the_settings_is_named_and_no_password(data_dir: Path) -> None:
    status, errors = await refused(
        "--data-dir", str(data_dir), "--workers", "0",
        "--database-url", "postgresql://bezant:hunter2@db.example/bezant",
        "--cache-url", "mysql://cache",
    )  # fmt: skip
    assert status == 2
    assert [line.split()[1] for line in errors.splitlines()] == [
        "workers",
        "database_url",
        "cache_url",
    ]
    assert "hunter2" not in errors


def outside(servers: EmbeddedServers) -> tuple[str, ...]:
    """Options for servers that are not the platform's own."""
    return (
        "--database-url", servers.postgres.app_url,
        "--owner-url", servers.postgres.owner_url,
        "--cache-url", servers.valkey_url,
    )  # fmt: skip


async def test_a_certificate_that_cannot_be_used_is_refused(
    data_dir: Path, tmp_path: Path, embedded_servers: EmbeddedServers
) -> None:
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.write_text("garbage")
    key.write_text("garbage")
    status, errors = await refused(
        "--data-dir", str(data_dir), *outside(embedded_servers),
        "--tls-certificate", str(certificate), "--tls-key", str(key),
    )  # fmt: skip
    assert status == 1
    assert "chain.pem" in errors.splitlines()[-1]
    assert "--tls-certificate" in errors.splitlines()[-1]


async def test_outside_servers_take_the_place_of_embedded_ones(
    data_dir: Path, embedded_servers: EmbeddedServers
) -> None:
    async with running(data_dir, *outside(embedded_servers)) as platform:
        assert set(children(platform.process.pid)) == workers(platform.process.pid)
        assert not (data_dir / "postgres").exists()
        async with platform.client() as client:
            ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["cache"]) == (200, "up")


async def test_without_its_cache_it_is_ready_but_degraded(
    data_dir: Path, embedded_servers: EmbeddedServers
) -> None:
    options = (*outside(embedded_servers)[:-1], "redis://127.0.0.1:1")
    async with running(data_dir, *options) as platform, platform.client() as client:
        ready, listed = await client.get("/health/ready"), await client.get("/v1/books")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert listed.status_code == 200


@pytest.fixture(scope="module")
async def bare_servers() -> AsyncIterator[EmbeddedServers]:
    """Servers of this module's own, whose database nobody migrated."""
    with open_folder() as parent, DataFolder(parent / "data") as data:
        async with EmbeddedServers(data, progress=lambda _: None) as servers:
            yield servers


async def test_a_database_is_migrated_by_its_owner_and_never_by_the_application(
    data_dir: Path, bare_servers: EmbeddedServers
) -> None:
    options = outside(bare_servers)
    database, owner, cache = options[:2], options[2:4], options[4:]
    status, errors = await refused("--data-dir", str(data_dir), *database, *cache)
    assert status == 1
    assert "bezant migrate" in errors.splitlines()[-1]
    for _ in range(2):  # again changes nothing
        migrating = await asyncio.create_subprocess_exec(
            *COMMAND, "migrate", *database, *owner, env=ENVIRONMENT
        )
        assert await migrating.wait() == 0
    async with running(data_dir, *database, *cache) as platform:
        assert await books(platform) == set()


async def test_a_schema_newer_than_the_code_is_refused(
    data_dir: Path, bare_servers: EmbeddedServers
) -> None:
    postgres = bare_servers.postgres
    await migrate(postgres.owner_url, "bezant_app")
    owner = await asyncpg.connect(postgres.owner_url)
    (known,) = await owner.fetch("SELECT contract, schema_version FROM schema_contract")
    change = "UPDATE schema_contract SET contract = $1, schema_version = $2"
    await owner.execute(change, 999, 999)
    status, errors = await refused("--data-dir", str(data_dir), *outside(bare_servers))
    await owner.execute(change, *known)
    await owner.close()
    assert status == 1
    assert errors.splitlines()[-1].startswith("bezant: The database has schema contract 999;")
    assert errors.splitlines()[-1].endswith("Install the newer release.")


async def test_only_the_owner_migrates(data_dir: Path, bare_servers: EmbeddedServers) -> None:
    app_url = bare_servers.postgres.app_url
    status, errors = await refused(
        "--data-dir", str(data_dir), *outside(bare_servers), "--owner-url", app_url
    )
    assert status == 1
    assert errors.splitlines()[-1] == (
        "bezant: The schema cannot be migrated: permission denied for table alembic_version. "
        "Give the URL of the role that owns the schema with --owner-url."
    )


async def test_a_migration_that_must_wait_for_long_is_given_up(
    data_dir: Path, bare_servers: EmbeddedServers
) -> None:
    await migrate(bare_servers.postgres.owner_url, "bezant_app")
    other = await asyncpg.connect(bare_servers.postgres.owner_url)
    try:
        await other.execute("BEGIN")
        await other.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        status, errors = await refused("--data-dir", str(data_dir), *outside(bare_servers))
    finally:
        await other.close()
    assert status == 1
    assert "hold locks" in errors.splitlines()[-1]


def owners(folder: Path) -> set[int]:
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


@pytest.mark.skipif(os.geteuid() != 0, reason="every test runs as a normal user then")
async def test_a_normal_user_runs_it_all(data_dir: Path) -> None:
    data_dir.parent.chmod(0o777)
    async with running(data_dir, prefix=NORMAL_USER) as platform:
        await create_book(platform, "normal")
    assert owners(data_dir) == {pwd.getpwnam("nobody").pw_uid}


async def test_a_database_that_does_not_answer_is_refused(data_dir: Path) -> None:
    status, errors = await refused(
        "--data-dir", str(data_dir), "--allow-plaintext-loopback",
        "--database-url", "postgresql://bezant@127.0.0.1:1/bezant",
    )  # fmt: skip
    assert status == 1
    assert errors.splitlines()[-1].startswith("bezant: The database cannot be reached: ")
