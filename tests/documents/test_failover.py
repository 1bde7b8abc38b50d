"""The guide to failing over, run as it stands: a real standby takes over, a copy is sound."""

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from bezant.server import endpoint
from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.server.embedded.postgres import superuser_password
from bezant.server.embedded.postgres_config import DATABASE, PORT, SUPERUSER
from bezant.server.embedded.programs import POSTGRES
from bezant.server.migrations import migrate
from documents.commands import ROOT, blocks
from fixtures_servers import open_folder
from integration.kernel.database.standby import Standby
from running_platform import ENVIRONMENT, living, running, until, workers

GUIDE = "docs/guides/operate/failover.md"
ASSET = {"code": "EUR", "scale": 2}
LEG = {"debit": "world", "credit": "wallet", "asset": "EUR", "amount": "5"}


def section(title: str) -> str:
    """The commands below a heading of the guide."""
    text = (ROOT / GUIDE).read_text()
    return "\n".join(blocks(text.partition(f"## {title}\n")[2].partition("\n## ")[0]))


async def shell(folder: Path, script: str, **environment: str) -> str:
    """Run commands of the guide; what they printed."""
    bezant = folder / "bezant"
    bezant.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bezant.cli "$@"\n')
    bezant.chmod(0o755)
    psql = POSTGRES.installed() / POSTGRES.home / "bin"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", "set -euo pipefail\n" + script),
        cwd=folder,
        env=ENVIRONMENT | {"PATH": f"{folder}:{psql}:{os.environ['PATH']}", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(120):
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


@asynccontextmanager
async def started(data_dir: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the platform that the guide's commands left running; ended with the block."""
    found = endpoint.read(data_dir)
    access = endpoint.access(data_dir, {})
    try:
        async with httpx.AsyncClient(
            base_url=access.url,
            verify=ssl.create_default_context(cafile=found.ca),
            headers={"Authorization": f"Bearer {access.api_key}"},
            timeout=20,
        ) as client:
            yield client
    finally:
        os.kill(found.pid, signal.SIGTERM)

        async def has_ended() -> bool:
            return not living([found.pid])

        await until(has_ended, within_s=30)


async def create(client: httpx.AsyncClient, path: str, body: object, key: str) -> httpx.Response:
    answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
    assert answer.is_success, answer.text
    return answer


async def post_something(client: httpx.AsyncClient) -> tuple[str, httpx.Response]:
    """A book's path, and the answer to a posting under the key `pay`."""
    new = {"name": "Money", "assets": [ASSET]}
    book: dict[str, Any] = (await create(client, "/v1/books", new, "book")).json()
    path = f"/v1/books/{book['id']}"
    for account in ("world", "wallet"):
        body = {"id": account, "asset": "EUR", "type": "liability"}
        await create(client, f"{path}/accounts", body, account)
    return path, await create(client, f"{path}/transactions", {"postings": [LEG]}, "pay")


def superuser_url(data: DataFolder, sockets: str) -> str:
    query = urlencode({"host": sockets, "port": PORT})
    return f"postgresql://{SUPERUSER}:{quote(superuser_password(data.path))}@/{DATABASE}?{query}"


async def test_a_promoted_standby_carries_on_and_knows_what_was_answered() -> None:
    with open_folder() as folder, DataFolder(folder / "primary") as data:
        async with EmbeddedServers(
            data, progress=lambda _: None, has_keys=False, has_valkey=False
        ) as servers:
            await migrate(servers.postgres.owner_url, "bezant_app")
            url = servers.postgres.app_url
            async with running(folder / "old", "--database-url", url) as platform:
                standby = await Standby.start(data, servers.postgres, folder / "standby")
                try:
                    async with platform.client() as client:
                        path, paid = await post_something(client)
                    old_key = platform.key
                    await standby.catch_up()
                    assert await platform.stop() == 0
                    printed = await shell(
                        folder,
                        section("Fail over to a standby"),
                        BEZANT_DATA_DIR=str(folder / "new"),
                        BEZANT_DATABASE_URL=standby.url,
                        STANDBY_ADMIN_URL=superuser_url(data, str(folder / "standby/run")),
                    )
                    assert "books sound: 1 of 1" in printed
                    async with started(folder / "new") as client:
                        # Keys to the API are in the database: clients keep theirs.
                        client.headers["Authorization"] = f"Bearer {old_key}"
                        body = {"postings": [LEG]}
                        again = await create(client, f"{path}/transactions", body, "pay")
                        assert again.content == paid.content
                        assert again.headers["idempotency-replayed"] == "true"
                        await create(client, f"{path}/transactions", body, "pay-more")
                        balance = await client.get(f"{path}/accounts/wallet/balance")
                        assert balance.json()["posted"] == "10"
                finally:
                    await standby.end()


async def test_a_copy_of_a_stopped_data_folder_is_the_platform() -> None:
    with open_folder() as folder:
        async with running(folder / "data") as platform, platform.client() as client:
            path, paid = await post_something(client)
        printed = await shell(
            folder, section("Back up, and restore"), STOPPED_DATA_DIR=str(folder / "data")
        )
        assert "books sound: 1 of 1" in printed
        assert json.loads((folder / "restored.json").read_text())["event"] == "serving"
        async with started(folder / "restored") as client:
            again = await create(client, f"{path}/transactions", {"postings": [LEG]}, "pay")
            assert again.content == paid.content


async def test_workers_are_rolled_one_after_the_other_and_no_answer_is_an_error() -> None:
    with open_folder() as folder:
        async with running(folder / "data", "--workers", "2") as platform:
            before = workers(platform.process.pid)
            rolling = asyncio.create_task(
                shell(
                    folder,
                    section("Roll the workers"),
                    BEZANT_DATA_DIR=str(folder / "data"),
                    BEZANT_URL=platform.url,
                    BEZANT_CA=platform.serving["ca"],
                )
            )
            statuses = set()
            async with platform.client() as client:
                path, _ = await post_something(client)
                while not rolling.done():
                    # A connection may close just as a request is sent into it.
                    with suppress(httpx.TransportError):
                        answer = await client.get(f"{path}/accounts/wallet/balance")
                        statuses.add(answer.status_code)
            await rolling
            assert statuses == {200}

            async def are_replaced() -> bool:
                now = workers(platform.process.pid)
                return len(now) == 2 and not now & before

            await until(are_replaced, within_s=30)
