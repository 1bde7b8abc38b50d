"""`make campaign`: hundreds of kills at random instants, whoever is hit."""

import asyncio
import os
import random
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import pytest

from fixtures_ledger import Bank
from kills import Servers, check
from posters import Poster, posting
from processes.poster import Job

WORKERS = 3
VICTIMS = ("application", "application", "postgresql", "both")
BETWEEN_KILLS_S_MAX = 0.3
CHECKED_EVERY = 25
VERIFIED_EVERY = 100


@dataclass
class Workers:
    """Posting processes on one book, replaced when they are killed."""

    bank: Bank
    servers: Servers
    run_folder: Path
    running: AsyncExitStack
    posters: list[Poster] = field(default_factory=list)
    following: list["asyncio.Task[list[str]]"] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    started: int = 0

    async def start(self) -> None:
        self.started += 1
        job = Job(
            self.servers.app_url, str(self.run_folder), self.bank.tenant_id, self.bank.book_id,
            f"worker{self.started}", count=1_000_000, concurrency=8, is_patient=True,
            has_holds=True,
        )  # fmt: skip
        self.posters.append(await self.running.enter_async_context(posting(job)))
        self.following.append(asyncio.create_task(self.posters[-1].finish()))

    async def kill(self, at: int) -> None:
        poster, following = self.posters.pop(at), self.following.pop(at)
        poster.process.kill()
        await following
        self.acknowledged |= poster.answered()
        poster.lines.clear()

    async def end(self) -> None:
        while self.posters:
            await self.kill(0)

    async def postings(self, more: int) -> None:
        """Wait until so many more requests have their answer."""
        enough = sum(len(poster.lines) for poster in self.posters) + more
        async with asyncio.timeout(60):
            while sum(len(poster.lines) for poster in self.posters) < enough:  # noqa: ASYNC110 - another process does
                await asyncio.sleep(0.005)


@pytest.mark.campaign
async def test_kills_at_random_instants_lose_and_double_nothing(
    killed_bank: Bank, servers: Servers, run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """BEZANT_KILLS of them (500): a worker, PostgreSQL, or both at once, by BEZANT_SEED."""
    kills = int(os.environ.get("BEZANT_KILLS", "500"))
    seed = int(os.environ.get("BEZANT_SEED", random.SystemRandom().randrange(2**32)))
    again = (
        f"BEZANT_SEED={seed} BEZANT_KILLS={kills} make campaign PYTEST_ARGS='-k random_instants'"
    )

    def tell(line: str) -> None:
        with capfd.disabled():
            sys.stderr.write(f"{line}\n")

    tell(f"{kills} kills; repeat them with: {again}")
    dice, started_at = random.Random(seed), perf_counter()
    async with AsyncExitStack() as running:
        workers = Workers(killed_bank, servers, run_folder, running)
        for _ in range(WORKERS):
            await workers.start()
        try:
            for kill in range(1, kills + 1):
                await one_kill(workers, dice)
                if kill % CHECKED_EVERY == 0 or kill == kills:
                    moved = await look(workers, is_verified=kill % VERIFIED_EVERY == 0)
                    tell(f"{kill} kills, {moved} postings, {perf_counter() - started_at:.0f} s")
        except (AssertionError, TimeoutError) as error:
            error.add_note(f"At kill {kill}. Repeat with: {again}")
            raise
        await workers.end()
        await check(killed_bank, workers.acknowledged)


async def one_kill(workers: Workers, dice: random.Random) -> None:
    victim = dice.choice(VICTIMS)
    await workers.postings(dice.randrange(1, 60))
    # Any instant of a batch is as good as another.
    await asyncio.sleep(dice.uniform(0, BETWEEN_KILLS_S_MAX))
    at = dice.randrange(WORKERS)
    if victim != "postgresql":
        await workers.kill(at)
    if victim != "application":
        await workers.servers.kill_postgres()
    if victim != "postgresql":
        await workers.start()


async def look(workers: Workers, *, is_verified: bool) -> int:
    """Stop everybody, compare what they were told with what stands, and go on."""
    await workers.end()
    moved = await check(workers.bank, workers.acknowledged)
    if is_verified:
        assert (await workers.bank.verify()).findings == []
    for _ in range(WORKERS):
        await workers.start()
    return moved
