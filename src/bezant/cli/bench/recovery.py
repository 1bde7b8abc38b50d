"""How soon a platform serves again after one of its processes was killed under load."""

import asyncio
import os
import signal
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx
import msgspec

from bezant.cli.bench.stage import commands
from bezant.ledger import schemas
from bezant.server.embedded import MAIN
from bezant.server.endpoint import Endpoint

CONNECTIONS: Final = 16
BULK_CONNECTIONS: Final = 2
_UNDISTURBED_S: Final = 2.0
_WITHIN_S: Final = 60.0
_PAUSE_S: Final = 0.01
_TIMEOUT_S: Final = 30.0


def postmaster(platform: Endpoint) -> int:
    """The process whose end ends the main PostgreSQL."""
    return _first(platform, _is_main)


def _is_main(command: Sequence[str]) -> bool:
    words = iter(command)
    is_postgres = Path(next(words, "")).name == "postgres"
    # `-D FOLDER`: that of the keys' own has another name.
    return is_postgres and any(Path(word).name == MAIN.folder for word in words)


def worker(platform: Endpoint) -> int:
    """A process that serves the API."""
    return _first(platform, lambda command: "bezant.server.worker" in command)


def _first(platform: Endpoint, is_wanted: Callable[[Sequence[str]], bool]) -> int:
    for pid, command in commands(platform.pid):
        if is_wanted(command):
            return pid
    raise LookupError("the platform has no such process")


@dataclass(frozen=True, slots=True)
class Load:
    """Postings over HTTPS, repeated until they are served.

    Attributes:
        batch: transfers in a request; 1 posts singly.
    """

    platform: Endpoint
    api_key: str
    book: UUID
    accounts: list[str]
    batch: int

    async def recovery_s(self, victim: Callable[[Endpoint], int]) -> float:
        """Seconds from a kill until a request is served that was begun after it."""
        is_killed = False
        served = asyncio.Event()
        assert self.platform.ca is not None
        async with httpx.AsyncClient(
            base_url=f"{self.platform.url}/v1/books/{self.book}/",
            headers={
                "Authorization": f"Bearer {self.api_key}",
                "Content-Type": "application/json",
            },
            verify=ssl.create_default_context(cafile=self.platform.ca),
            timeout=_TIMEOUT_S,
        ) as client:

            async def keep_posting() -> None:
                while not served.is_set():
                    # What was begun before may end well; that is no recovery. What is begun after
                    # may not notice: a batch is read for longer than PostgreSQL is away.
                    is_after = is_killed
                    if not await self._post(client):
                        await asyncio.sleep(_PAUSE_S)
                    elif is_after:
                        served.set()

            connections = CONNECTIONS if self.batch == 1 else BULK_CONNECTIONS
            async with asyncio.timeout(_WITHIN_S), asyncio.TaskGroup() as callers:
                for _ in range(connections):
                    callers.create_task(keep_posting())
                await asyncio.sleep(_UNDISTURBED_S)
                is_killed = True
                killed_at = time.perf_counter()
                os.kill(victim(self.platform), signal.SIGKILL)
                await served.wait()
                return time.perf_counter() - killed_at

    async def _post(self, client: httpx.AsyncClient) -> bool:
        if self.batch == 1:
            path = "transactions"
            body = msgspec.json.encode(schemas.NewTransaction([self._leg(0)]))
        else:
            path = "transactions/batch"
            items = [
                schemas.BatchTransaction(id=uuid4(), postings=[self._leg(number)])
                for number in range(self.batch)
            ]
            body = msgspec.json.encode(schemas.NewBatch(items))
        try:
            answer = await client.post(
                path, content=body, headers={"Idempotency-Key": str(uuid4())}
            )
        except httpx.TransportError:
            return False
        if answer.is_server_error:
            return False
        answer.raise_for_status()
        return True

    def _leg(self, number: int) -> schemas.Posting:
        debit, credit = (self.accounts[(number + side) % len(self.accounts)] for side in (0, 1))
        return schemas.Posting(debit, credit, "EUR", "1")
