"""Kills of the application and of PostgreSQL within a batch lose and double nothing."""

import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from fixtures_ledger import Bank
from kills import Servers, check, recovered, stop_in_a_batch
from posters import Poster, posting
from processes.poster import Job

pytestmark = pytest.mark.long

KILLS = 20
ENDLESS = 1_000_000

# The fastest tells that nothing waits for a lease or a timeout; the slowest, that nothing hangs.
FASTEST_RECOVERY_S_MAX = 2.0
SLOWEST_RECOVERY_S_MAX = 20.0


def job(bank: Bank, servers: Servers, run_folder: Path, prefix: str) -> Job:
    return Job(
        servers.app_url, str(run_folder), bank.tenant_id, bank.book_id, prefix,
        count=ENDLESS, concurrency=4, pause_s=0.01, is_patient=True, has_holds=True,
    )  # fmt: skip


async def test_kills_of_the_application_within_a_batch_lose_and_double_nothing(
    killed_bank: Bank, servers: Servers, run_folder: Path
) -> None:
    """Whoever holds the lane is killed; another process, which sends it its own, takes over."""
    recoveries = []
    async with AsyncExitStack() as running:

        async def start(number: int) -> Poster:
            new = job(killed_bank, servers, run_folder, f"kill{number}")
            return await running.enter_async_context(posting(new))

        posters = [await start(0)]
        await posters[0].until("answered")
        for kill in range(KILLS):
            spare = await start(kill + 1)
            await spare.until("answered")
            await stop_in_a_batch(posters[kill], f"kill{kill}", killed_bank.database)
            killed_at = time.monotonic()
            await posters[kill].kill()
            recoveries.append(await recovered(spare, killed_at))
            posters.append(spare)
        await posters[KILLS].kill()
    await check(killed_bank, set().union(*(poster.answered() for poster in posters)))
    assert min(recoveries) < FASTEST_RECOVERY_S_MAX, recoveries
    assert max(recoveries) < SLOWEST_RECOVERY_S_MAX, recoveries


async def test_kills_of_postgresql_within_a_batch_lose_and_double_nothing(
    killed_bank: Bank, servers: Servers, run_folder: Path
) -> None:
    recoveries = []
    async with posting(job(killed_bank, servers, run_folder, "load")) as poster:
        await poster.until("answered")
        for _ in range(KILLS):
            await stop_in_a_batch(poster, "load", killed_bank.database)
            killed_at = time.monotonic()
            await servers.kill_postgres()
            poster.process.send_signal(signal.SIGCONT)
            recoveries.append(await recovered(poster, killed_at))
        await poster.kill()
    await check(killed_bank, poster.answered())
    assert min(recoveries) < FASTEST_RECOVERY_S_MAX, recoveries
    assert max(recoveries) < SLOWEST_RECOVERY_S_MAX, recoveries
