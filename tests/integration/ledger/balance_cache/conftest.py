import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import pytest

from bezant.kernel.cache import Cache, open_cache
from bezant.kernel.database import Database
from bezant.kernel.telemetry import CACHE_READS
from bezant.ledger import Ledger, schemas
from caches import KINDS, SECRET, CacheServer, running
from fixtures_ledger import Bank, new_bank, open_ledger

# Of a machine that may be busy; slowness is asked for where it is meant.
PATIENT_S = 5.0


def reads(outcome: str, kind: str = "balance") -> float:
    """How many reads of a kind ended so, in this process."""
    return float(CACHE_READS.labels(kind, outcome)._value.get())


@dataclass
class Process:
    """What one process of the platform has: a ledger and a connection to the cache."""

    ledger: Ledger
    cache: Cache

    async def settled(self) -> None:
        """Wait for what it keeps in the background."""
        balances = self.ledger._cached_accounts
        assert balances is not None
        await asyncio.gather(*balances._background)


@dataclass
class Bench:
    """Two processes on one book and one cache."""

    server: CacheServer
    database: Database
    folder: Path
    bank: Bank
    one: Process
    two: Process
    opened: AsyncExitStack
    others: list[Process] = field(default_factory=list)

    async def process(self, folder: Path | None = None) -> Process:
        """Another one, of this domain or of another."""
        return await _process(self.opened, self.database, folder or self.folder, self.server)

    def at(self, process: Process) -> Bank:
        """The same bank by way of a process."""
        return replace(self.bank, ledger=process.ledger)

    async def balance(self, process: Process, account: str = "alice") -> int:
        """What a process answers."""
        answer = await self.at(process).posted(account)
        await process.settled()
        return answer

    async def warm(self, *processes: Process, account: str = "alice") -> None:
        """Have the processes read until they answer from the cache."""
        async with asyncio.timeout(10):
            for process in processes or (self.one, self.two):
                hits = reads("hit")
                while reads("hit") == hits:
                    await self.balance(process, account)

    async def hits(self, process: Process, account: str = "alice") -> bool:
        """Whether the next answer comes from the cache."""
        before = reads("hit")
        await self.balance(process, account)
        return reads("hit") > before

    async def snapshot(self) -> dict[bytes, bytes]:
        return await self.server.snapshot()

    async def restore(self, snapshot: dict[bytes, bytes]) -> None:
        """Bring back what was: old entries, genuine each."""
        for key, value in snapshot.items():
            await self.server.put_raw(key, value)

    def lane(self, process: Process) -> bool:
        """Whether a process holds the book's lane."""
        return self.key in process.ledger._lanes._lanes

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.bank.tenant_id, self.bank.book_id


async def _process(
    opened: AsyncExitStack, database: Database, folder: Path, server: CacheServer
) -> Process:
    cache = open_cache(server.url, SECRET)
    cache._timeout_s = PATIENT_S
    opened.push_async_callback(cache.close)
    ledger = await opened.enter_async_context(open_ledger(database, folder, cache=cache))
    return Process(ledger, cache)


@pytest.fixture(scope="module", params=KINDS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[CacheServer]:
    async with running(request.param) as server:
        yield server


@pytest.fixture
async def bench(server: CacheServer, database: Database, run_folder: Path) -> AsyncIterator[Bench]:
    """A book with `world`, `alice` and `bob`, whose lane the first of two processes holds."""
    async with AsyncExitStack() as opened:
        one = await _process(opened, database, run_folder, server)
        two = await _process(opened, database, run_folder, server)
        bank = await (await new_bank(one.ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        for account in ("alice", "bob"):
            await bank.open(account)
        await bank.pay("world", "alice", 100)
        yield Bench(server, database, run_folder, bank, one, two, opened)
        assert (await bank.verify()).findings == []
