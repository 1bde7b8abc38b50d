"""What the tests do with a platform on outside servers: commands, a book, payments, its proof."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, running

NO_CACHE: Final = ("--cache-url", "redis://127.0.0.1:1")
"""A cache that is always down: nothing needs it, and an embedded one takes a while to start."""

COMMAND_WITHIN_S: Final = 60.0


@dataclass(frozen=True)
class Ended:
    """A command that ended.

    Attributes:
        status: its exit status.
        output: what it wrote to standard output.
        errors: what it wrote to standard error.
    """

    status: int
    output: str
    errors: str

    @property
    def refusal(self) -> str:
        """Why it refused, with status 1, in its own words, which come last."""
        assert (self.status, self.output) == (1, ""), self
        last = self.errors.strip().splitlines()[-1]
        assert last.startswith("bezant: "), self.errors
        return last


async def bezant(*arguments: str) -> Ended:
    """Run a command to its end."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments,
        env=ENVIRONMENT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(COMMAND_WITHIN_S):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:  # a platform that should have refused to start
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


async def up_refused(data_dir: Path, *arguments: str) -> str:
    """Run `up`, which must refuse; why."""
    ended = await bezant(
        "up", "--port", "0", "--mtls-port", "0", "--data-dir", str(data_dir), *NO_CACHE, *arguments
    )
    return ended.refusal


async def migrated(owner_url: str, app_url: str) -> None:
    """Run `migrate`, which must succeed."""
    ended = await bezant("migrate", "--owner-url", owner_url, "--database-url", app_url)
    assert ended.status == 0, ended.errors


async def verified(*arguments: str) -> list[dict[str, Any]]:
    """Run `verify`, which must find every book sound; its reports."""
    ended = await bezant("verify", "--json", *arguments)
    assert ended.status == 0, ended
    reports: list[dict[str, Any]] = json.loads(ended.output)
    return reports


@dataclass(frozen=True)
class Till:
    """A book of a platform, into whose `wallet` payments come from the `world`."""

    platform: RunningPlatform
    book: str

    @property
    def path(self) -> str:
        """The book's route."""
        return f"/v1/books/{self.book}"

    async def pay(self, client: httpx.AsyncClient, key: str, amount: int = 1) -> httpx.Response:
        """One payment under an idempotency key."""
        leg = {"debit": "world", "credit": "wallet", "asset": "EUR", "amount": str(amount)}
        return await client.post(
            f"{self.path}/transactions", json={"postings": [leg]}, headers={"Idempotency-Key": key}
        )

    async def balance(self, client: httpx.AsyncClient) -> int:
        """What the wallet holds."""
        answer = await client.get(f"{self.path}/accounts/wallet/balance")
        assert answer.status_code == 200, answer.text
        return int(answer.json()["posted"])


async def open_till(platform: RunningPlatform, client: httpx.AsyncClient) -> Till:
    """A new book with its two accounts."""
    book = {"name": "Till", "assets": [{"code": "EUR", "scale": 2}]}
    answer = await client.post("/v1/books", json=book, headers={"Idempotency-Key": "till"})
    assert answer.status_code == 201, answer.text
    till = Till(platform, answer.json()["id"])
    for account, kind in (("world", "asset"), ("wallet", "liability")):
        answer = await client.post(
            f"{till.path}/accounts",
            json={"id": account, "asset": "EUR", "type": kind},
            headers={"Idempotency-Key": account},
        )
        assert answer.status_code == 201, answer.text
    return till


@asynccontextmanager
async def serving(data_dir: Path, *options: str) -> AsyncIterator[tuple[Till, httpx.AsyncClient]]:
    """A platform with a till, and a client; it must end well."""
    async with running(data_dir, *options) as platform:
        async with platform.client() as client:
            yield await open_till(platform, client), client
        assert await platform.stop() == 0
