"""`bezant up` while it serves, seen from outside. One platform with two workers for all tests."""

import asyncio
import json
import os
import re
import signal
import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from bezant.server import endpoint
from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, children, until, workers

pytestmark = pytest.mark.long

LIVE = "/health/live"


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        platform = await RunningPlatform.start(parent / "data", "--workers", "2")
        try:
            yield platform
        finally:
            assert await platform.stop() == 0


async def bezant(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run a command to its end: status, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env=ENVIRONMENT | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


def seen_of(pid: int) -> str:
    """What others of the machine can see of a process, or its own user."""
    folder = Path(f"/proc/{pid}")
    return ((folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()).decode()


async def requests_counted(platform: RunningPlatform, route: str) -> float:
    """What the metrics say of requests answered so far on a route."""
    async with platform.client() as client:
        text = (await client.get("/metrics")).text
    samples = re.findall(r"^bezant_http_requests_total\{(.*)\} (\S+)$", text, re.MULTILINE)
    return sum(float(count) for labels, count in samples if f'route="{route}"' in labels)


async def ask_whether_live(platform: RunningPlatform, *, times: int) -> None:
    """Ask on a connection each, which spreads over the workers, and wait until all are counted."""
    expected = await requests_counted(platform, LIVE) + times
    for _ in range(times):
        async with platform.client() as client:
            await client.get(LIVE)

    async def are_counted() -> bool:
        # A request is counted just after its answer.
        return await requests_counted(platform, LIVE) >= expected

    await until(are_counted)


async def test_it_says_where_it_serves_whom_to_trust_and_the_sandbox_key(
    platform: RunningPlatform,
) -> None:
    assert re.fullmatch(r"https://localhost:\d+", platform.url)
    assert platform.serving["ca"] == str(platform.data_dir / "tls" / "ca.pem")
    headers = {"Authorization": f"Bearer {platform.serving['api_key']}"}
    async with httpx.AsyncClient(verify=platform.trust(), headers=headers) as client:
        assert (await client.get(f"{platform.url}/v1/books")).status_code == 200


async def test_it_is_alive_and_ready(platform: RunningPlatform) -> None:
    async with httpx.AsyncClient(base_url=platform.url, verify=platform.trust()) as client:
        live, ready = await client.get("/health/live"), await client.get("/health/ready")
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ready",
        "database": "up",
        "migrations": "current",
        "cache": "up",
    }


async def test_it_speaks_tls_1_3_and_nothing_older(platform: RunningPlatform) -> None:
    context = platform.trust()
    _, writer = await asyncio.open_connection("localhost", platform.port, ssl=context)
    assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
    writer.close()
    await writer.wait_closed()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        await asyncio.open_connection("localhost", platform.port, ssl=context)


async def test_without_a_credential_it_answers_health_what_it_is_and_documents_only(
    platform: RunningPlatform,
) -> None:
    async with httpx.AsyncClient(base_url=platform.url, verify=platform.trust()) as client:
        document = (await client.get("/openapi.json")).json()
        answered = {
            path
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            # Of no tenant here; what each of them asks for, their own tests say.
            if "Identity" not in operation["tags"]
            if (await client.request(method, path)).status_code != 401
        }
    assert answered == {"/", "/errors/{code}", "/health/live", "/health/ready"}


async def test_metrics_need_their_scope_and_add_up_over_the_workers(
    platform: RunningPlatform,
) -> None:
    status, output, _ = await bezant(
        "keys", "create", "narrow", "--scope", "ledger:read",
        "--data-dir", str(platform.data_dir), "--json",
    )  # fmt: skip
    assert status == 0
    narrow = {"Authorization": f"Bearer {json.loads(output)['key']}"}
    async with platform.client() as client:
        assert (await client.get("/metrics", headers=narrow)).status_code == 403

    before = await requests_counted(platform, LIVE)
    await ask_whether_live(platform, times=20)
    assert await requests_counted(platform, LIVE) == before + 20


async def test_the_folder_tells_other_commands_where_it_is_and_nobody_else(
    platform: RunningPlatform,
) -> None:
    found = endpoint.read(platform.data_dir)
    assert (found.url, found.ca, found.pid) == (
        platform.url,
        platform.serving["ca"],
        platform.process.pid,
    )
    access = endpoint.access(platform.data_dir, {})
    async with httpx.AsyncClient(verify=platform.trust()) as client:
        headers = {"Authorization": f"Bearer {access.api_key}"}
        assert (await client.get(f"{access.url}/v1/books", headers=headers)).status_code == 200
    for name in ("endpoint.json", "cli.key"):
        assert stat.S_IMODE((platform.data_dir / name).stat().st_mode) == 0o600


async def test_no_password_is_among_the_arguments_or_the_environment_of_a_worker(
    platform: RunningPlatform,
) -> None:
    found = endpoint.read(platform.data_dir)
    secrets = set(
        re.findall(r":([^:@/]+)@", f"{found.database_url} {found.owner_url} {found.cache_url}")
    )
    assert len(secrets) == 3
    for pid in workers(platform.process.pid) | {platform.process.pid}:
        assert not [secret for secret in secrets if secret in seen_of(pid)]


async def test_a_second_run_on_the_folder_is_refused(platform: RunningPlatform) -> None:
    status, output, errors = await bezant("up", "--data-dir", str(platform.data_dir), "--port", "0")
    assert (status, output) == (1, "")
    assert re.fullmatch(r"bezant: .* in use by process \d+\. .*--data-dir\.\n", errors)


async def test_a_port_that_is_taken_is_refused_before_anything_is_made(
    platform: RunningPlatform,
) -> None:
    with open_folder() as parent:
        status, _, errors = await bezant(
            "up", "--data-dir", str(parent / "data"), "--port", str(platform.port)
        )
        assert status == 1
        assert errors == (
            f"bezant: Another program listens on port {platform.port} of 127.0.0.1. "
            "Stop it, or choose another port with --port.\n"
        )
        assert not (parent / "data" / "postgres").exists()


async def test_a_worker_that_is_killed_is_replaced_and_its_counts_are_kept(
    platform: RunningPlatform,
) -> None:
    before = workers(platform.process.pid)
    assert len(before) == 2
    await ask_whether_live(platform, times=20)
    counted = await requests_counted(platform, LIVE)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    ended = await platform.event("worker_ended")
    assert (ended["pid"], ended["status"]) == (victim, -signal.SIGKILL)
    replaced = await platform.event("worker_replaced")
    assert workers(platform.process.pid) == before - {victim} | {replaced["pid"]}
    async with platform.client() as client:
        assert (await client.get("/v1/books")).status_code == 200
    assert await requests_counted(platform, LIVE) == counted


@pytest.mark.parametrize(
    ("folder", "name"), [("postgres", "PostgreSQL"), ("keys", "PostgreSQL for keys")]
)
async def test_a_database_that_is_killed_is_started_again_and_workers_reconnect(
    platform: RunningPlatform, folder: str, name: str
) -> None:
    before = workers(platform.process.pid)
    of_folder = str(platform.data_dir / folder)
    found = children(platform.process.pid).items()
    [postmaster] = [pid for pid, words in found if of_folder in words]
    os.kill(postmaster, signal.SIGKILL)
    while (await platform.event("step"))["step"] != f"{name} runs again":
        pass

    async def is_ready() -> bool:
        async with platform.client() as client:
            return (await client.get("/health/ready")).status_code == 200

    await until(is_ready)
    async with platform.client() as client:
        assert (await client.get("/v1/books")).status_code == 200
    assert workers(platform.process.pid) == before


async def test_a_replaced_certificate_is_served_without_a_restart(
    platform: RunningPlatform,
) -> None:
    async def shown() -> int:
        _, writer = await asyncio.open_connection("localhost", platform.port, ssl=platform.trust())
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        await writer.wait_closed()
        return x509.load_der_x509_certificate(der).serial_number

    pids, before = workers(platform.process.pid), await shown()
    (platform.data_dir / "tls" / "server.pem").unlink()
    platform.process.send_signal(signal.SIGHUP)
    await platform.event("certificate_renewed")
    for _ in pids:
        await platform.event("certificate_loaded")
    assert {await shown() for _ in range(10)} != {before}
    assert before not in {await shown() for _ in range(10)}
    assert workers(platform.process.pid) == pids


async def test_keys_are_created_listed_rotated_and_revoked(platform: RunningPlatform) -> None:
    async def keys(*arguments: str) -> str:
        status, output, errors = await bezant(
            "keys", *arguments, "--data-dir", str(platform.data_dir)
        )
        assert (status, errors) == (0, "")
        return output

    async def status_of(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(verify=platform.trust(), headers=headers) as client:
            return (await client.get(f"{platform.url}/v1/books")).status_code

    first = json.loads(await keys("create", "reports", "--json"))
    assert await status_of(first["key"]) == 200
    second = json.loads(
        await keys("rotate", first["api_key"]["id"], "--overlap-hours", "1", "--json")
    )
    assert await status_of(first["key"]) == await status_of(second["key"]) == 200
    await keys("revoke", first["api_key"]["id"])

    async def is_refused() -> bool:
        return await status_of(first["key"]) == 401

    await until(is_refused, within_s=1.5)  # a second, and the requests' own time
    assert await status_of(second["key"]) == 200
    listed = await keys("list")
    assert re.search(rf"{first['api_key']['id']} .*reports .*revoked", listed)
    assert re.search(rf"{second['api_key']['id']} .*reports .*valid", listed)
    assert first["key"] not in listed


async def test_the_first_start_tells_where_an_operator_is_made_and_a_command_does_again(
    platform: RunningPlatform,
) -> None:
    told = platform.serving["operator_link"]
    assert re.fullmatch(rf"{platform.url}/id/[0-9a-f-]{{36}}/link/bzl_[\w-]{{43}}", told)
    status, output, errors = await bezant("operator-link", "--data-dir", str(platform.data_dir))
    assert status == 0, errors
    assert re.fullmatch(rf"{platform.url}/id/[0-9a-f-]{{36}}/link/bzl_[\w-]{{43}}\n", output)
    assert output.strip() != told
    _, as_json, _ = await bezant("operator-link", "--json", "--data-dir", str(platform.data_dir))
    assert json.loads(as_json)["link"].startswith(f"{platform.url}/id/")


async def test_an_unknown_scope_is_refused_with_the_scopes_that_there_are(
    platform: RunningPlatform,
) -> None:
    status, _, errors = await bezant(
        "keys", "create", "odd", "--scope", "all", "--data-dir", str(platform.data_dir)
    )
    assert status == 1
    assert "ledger:write" in errors


async def test_a_key_that_does_not_exist_cannot_be_revoked(platform: RunningPlatform) -> None:
    nobody = "01890000-0000-7000-8000-000000000000"
    status, _, errors = await bezant("keys", "revoke", nobody, "--data-dir", str(platform.data_dir))
    assert (status, errors) == (1, "bezant: API_KEY_NOT_FOUND: There is no such API key.\n")
