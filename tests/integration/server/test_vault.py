"""The vault as a process of the platform, seen from outside."""

import asyncio
import json
import os
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from bezant.server import endpoint
from bezant.server.embedded import DataFolder, EmbeddedServers
from fixtures_servers import open_folder
from running_platform import (
    COMMAND,
    ENVIRONMENT,
    RunningPlatform,
    children,
    ended,
    running,
    vault,
    workers,
)

READY = {"status": "ready", "database": "up", "keys": "up", "key_store": "up"}
INSERT_KEY = """
    INSERT INTO vault_key (tenant_id, kind, version, state, root_version, wrapped, created_at)
    VALUES ($1, 'tenant', 1, 'active', '1', 'x', now())
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as parent:
        yield parent / "data"


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    """One for the tests that leave it as it was."""
    with open_folder() as parent:
        async with running(parent / "data") as platform:
            yield platform


async def ask(platform: RunningPlatform, method: str = "GET", **headers: str) -> httpx.Response:
    url = f"{platform.serving['vault_url']}/health/ready"
    async with httpx.AsyncClient(verify=platform.trust()) as client:
        return await client.request(method, url, headers=headers)


def passphrase_of(data_dir: Path) -> Path:
    return data_dir / "keystore" / "passphrase"


async def test_it_has_an_origin_of_its_own_and_says_where(platform: RunningPlatform) -> None:
    assert platform.serving["vault_url"] != platform.url
    assert endpoint.read(platform.data_dir).vault_url == platform.serving["vault_url"]
    ready = await ask(platform)
    assert (ready.status_code, ready.json()) == (200, READY)


async def test_no_other_origin_reads_frames_or_keeps_what_it_answers(
    platform: RunningPlatform,
) -> None:
    elsewhere = {"Origin": platform.url, "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        headers = (await ask(platform, method, **elsewhere)).headers
        assert headers["content-security-policy"].startswith("default-src 'none';")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert not [name for name in headers if name.startswith("access-control-")]


async def test_it_speaks_tls_1_3_and_nothing_older(platform: RunningPlatform) -> None:
    context = platform.trust()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with httpx.AsyncClient(verify=context) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(platform.serving["vault_url"])


def test_its_passphrase_is_named_and_never_shown(platform: RunningPlatform) -> None:
    file = passphrase_of(platform.data_dir)
    assert platform.serving["vault_passphrase"] == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() not in json.dumps(platform.serving)


def test_its_socket_is_for_its_own_user_alone(platform: RunningPlatform) -> None:
    socket = platform.data_dir / "lanes" / "vault.sock"
    assert socket.is_socket()
    assert socket.stat().st_mode & 0o777 == 0o600
    assert socket.parent.stat().st_mode & 0o777 == 0o700


def test_no_secret_is_in_a_command_line_or_an_environment(platform: RunningPlatform) -> None:
    data_dir = platform.data_dir
    secrets = [passphrase_of(data_dir).read_text().strip()]
    for name in ("postgres-passwords.json", "keys-passwords.json"):
        secrets += json.loads((data_dir / name).read_text()).values()
    assert len(secrets) == 8
    pids = children(platform.process.pid).keys()
    assert pids > {vault(platform.process.pid)} | workers(platform.process.pid)
    shown = [
        Path(f"/proc/{pid}/{name}").read_text()
        for pid in (platform.process.pid, *pids)
        for name in ("cmdline", "environ")
    ]
    assert not [secret for secret in secrets for text in shown if secret in text]


async def test_a_vault_that_dies_is_replaced(platform: RunningPlatform) -> None:
    killed = vault(platform.process.pid)
    os.kill(killed, signal.SIGKILL)
    gone = await platform.event("worker_ended")
    assert (gone["kind"], gone["pid"]) == ("vault", killed)
    replaced = await platform.event("worker_replaced")
    assert (replaced["kind"], replaced["pid"]) == ("vault", vault(platform.process.pid))
    assert (await ask(platform)).json() == READY


async def test_the_ledger_goes_on_while_a_dead_vaults_key_store_is_away(
    platform: RunningPlatform,
) -> None:
    passphrase = passphrase_of(platform.data_dir)
    passphrase.rename(passphrase.with_suffix(".away"))
    os.kill(vault(platform.process.pid), signal.SIGKILL)
    refused = await platform.event("worker_not_started")
    assert (refused["kind"], refused["code"]) == ("vault", "KEY_STORE_UNUSABLE")
    async with platform.client() as client:
        assert (await client.get("/v1/books")).status_code == 200
    passphrase.with_suffix(".away").rename(passphrase)
    assert (await platform.event("worker_replaced"))["kind"] == "vault"
    assert (await ask(platform)).json() == READY


async def test_a_key_store_that_does_not_open_or_is_gone_is_refused(data_dir: Path) -> None:
    async with running(data_dir):
        owner = await asyncpg.connect(endpoint.read(data_dir).owner_url)
        await owner.execute(INSERT_KEY, uuid4())
        await owner.close()
    passphrase = passphrase_of(data_dir)
    right = passphrase.read_text()
    passphrase.write_text("a passphrase of somebody else")
    told = await ended(data_dir)
    assert told[-1]["code"] == "KEY_STORE_UNUSABLE"
    assert str(passphrase.with_name("keystore.json")) in told[-1]["problem"]
    assert not [each for each in told if "somebody else" in json.dumps(each)]
    passphrase.write_text(right)
    # Not even the marker of the one that was made is left.
    for file in passphrase.parent.iterdir():
        file.unlink()
    told = await ended(data_dir)
    assert told[-1]["code"] == "KEY_STORE_UNUSABLE"
    assert "is gone" in told[-1]["problem"]
    assert not list(passphrase.parent.iterdir()), "none was made in its place"


async def test_a_key_store_that_no_setting_names_is_refused(data_dir: Path) -> None:
    told = await ended(data_dir, "--key-store", "cloud:somewhere")
    assert told[-1]["code"] == "KEY_STORE_UNUSABLE"


@pytest.fixture(scope="module")
async def outside() -> AsyncIterator[EmbeddedServers]:
    """Outside databases of this module's own, whose schemas nobody migrated."""
    with open_folder() as parent, DataFolder(parent / "data") as data:
        async with EmbeddedServers(data, progress=lambda _: None) as servers:
            yield servers


async def test_outside_databases_are_migrated_by_their_owners_and_serve_a_vault(
    data_dir: Path, outside: EmbeddedServers
) -> None:
    owners = (
        "--owner-url", outside.postgres.owner_url,
        "--key-owner-url", outside.keys.owner_url,
    )  # fmt: skip
    urls = (
        "--database-url", outside.postgres.app_url,
        "--vault-database-url", outside.postgres.vault_url,
        "--key-database-url", outside.keys.vault_url,
    )  # fmt: skip
    cache = ("--cache-url", outside.valkey_url)
    told = await ended(data_dir, *urls, *cache, *owners[:2])
    assert told[-1]["code"] == "SCHEMA_MISMATCH", "nobody migrated the database of keys"
    for _ in range(2):  # again changes nothing
        migrating = await asyncio.create_subprocess_exec(
            *COMMAND, "migrate", *urls, *owners, env=ENVIRONMENT
        )
        assert await migrating.wait() == 0
    async with running(data_dir, *urls, *cache) as platform:
        assert len(children(platform.process.pid)) == 2, "a worker and the vault"
        assert (await ask(platform)).json() == READY
        owner = await asyncpg.connect(outside.postgres.owner_url)
        await owner.execute(INSERT_KEY, uuid4())
        await owner.close()
    # A second host has to be told of the key store: its own would open nothing.
    told = await ended(data_dir.with_name("second"), *urls, *cache)
    assert told[-1]["code"] == "KEY_STORE_UNUSABLE"


async def test_an_outside_database_without_a_role_for_the_vault_has_none(
    data_dir: Path, outside: EmbeddedServers
) -> None:
    options = (
        "--database-url", outside.postgres.app_url,
        "--owner-url", outside.postgres.owner_url,
        "--cache-url", outside.valkey_url,
    )  # fmt: skip
    async with running(data_dir, *options) as platform:
        assert platform.serving["vault_url"] is None
        assert set(children(platform.process.pid)) == workers(platform.process.pid)
        assert not (data_dir / "keystore").exists()
