"""Kills of the application and of PostgreSQL under load lose and double nothing."""

import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bezant.kernel.database import Database
from bezant.ledger import schemas
from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.server.migrations import migrate
from fixtures_ledger import Bank, new_bank, open_ledger
from fixtures_servers import open_folder
from posters import Poster, posting
from processes.poster import Job

KILLS = 6
KEYS = 1_500


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder of the test's own, whose PostgreSQL it may kill."""
    with open_folder() as parent:
        yield parent / "data"


@pytest.fixture
async def servers(data: Path) -> AsyncIterator[EmbeddedServers]:
    """Servers that the test kills and starts again."""
    with DataFolder(data) as folder:
        async with EmbeddedServers(folder, progress=lambda _: None) as servers:
            await migrate(servers.postgres.owner_url, "bezant_app")
            yield servers


@pytest.fixture
async def bank(servers: EmbeddedServers, run_folder: Path) -> AsyncIterator[Bank]:
    """A bank whose lane is free."""
    database = await Database.open(servers.postgres.app_url)
    async with open_ledger(database, run_folder) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice", overdraft="0")
    yield bank
    assert (await bank.verify()).findings == []
    await database.close()


def job(bank: Bank, servers: EmbeddedServers, run_folder: Path) -> Job:
    return Job(
        servers.postgres.app_url, str(run_folder), bank.tenant_id, bank.book_id,
        "load", count=KEYS, concurrency=30,
    )  # fmt: skip


async def settle(bank: Bank, servers: EmbeddedServers, run_folder: Path) -> Poster:
    """Repeat every request until each has an answer, as clients do."""
    async with posting(job(bank, servers, run_folder)) as poster:
        await poster.finish()
    assert poster.answered() == {f"load-{number}" for number in range(KEYS)}
    assert await bank.posted("alice") == KEYS
    return poster


def replayed(poster: Poster) -> set[str]:
    return {line.split()[1] for line in poster.lines if line.endswith("replay")}


async def test_kills_of_the_application_lose_and_double_nothing(
    bank: Bank, servers: EmbeddedServers, run_folder: Path
) -> None:
    acknowledged: set[str] = set()
    for kill in range(KILLS):
        async with posting(job(bank, servers, run_folder)) as poster:
            # Replays of earlier rounds first, then new postings: each kill falls later.
            for _ in range(len(acknowledged) + random.Random(kill).randrange(20, 150)):
                await poster.until("answered")
            poster.process.kill()
            await poster.finish()
        acknowledged |= poster.answered()
        assert (await bank.verify()).findings == []
    assert acknowledged <= replayed(await settle(bank, servers, run_folder))


async def test_kills_of_postgresql_lose_and_double_nothing(
    bank: Bank, servers: EmbeddedServers, run_folder: Path, data: Path
) -> None:
    acknowledged: set[str] = set()
    for kill in range(KILLS):
        async with posting(job(bank, servers, run_folder)) as poster:
            # Whatever a kill interrupts is answered after it: some rounds see replays only.
            known = min(len(acknowledged), KEYS - 200)
            for _ in range(known + random.Random(kill).randrange(20, 150)):
                await poster.until("answered")
            await _kill_postgresql(data, servers)
            await poster.finish()
        acknowledged |= poster.answered()
    assert acknowledged <= replayed(await settle(bank, servers, run_folder))


async def _kill_postgresql(data: Path, servers: EmbeddedServers) -> None:
    """Kill the postmaster, and with it every session; then start it again."""
    pid = int((data / "postgres" / "postmaster.pid").read_text().split("\n")[0])
    os.kill(pid, signal.SIGKILL)
    postgres = servers._servers[0]
    await postgres.child.wait()
    await postgres.start()


@pytest.mark.campaign
async def test_a_campaign_of_kills_loses_and_doubles_nothing(
    bank: Bank, servers: EmbeddedServers, run_folder: Path, data: Path
) -> None:
    """`make campaign`: BEZANT_KILLS rounds (100), application or PostgreSQL, by BEZANT_SEED."""
    seed = int(os.environ.get("BEZANT_SEED", random.SystemRandom().randrange(2**32)))
    dice = random.Random(seed)
    acknowledged: set[str] = set()
    for kill in range(int(os.environ.get("BEZANT_KILLS", "100"))):
        async with posting(job(bank, servers, run_folder)) as poster:
            for _ in range(min(len(acknowledged), KEYS - 200) + dice.randrange(150)):
                await poster.until("answered")
            if dice.random() < 0.5:
                await _kill_postgresql(data, servers)
            else:
                poster.process.kill()
            await poster.finish()
        acknowledged |= poster.answered()
        assert (await bank.verify()).findings == [], f"BEZANT_SEED={seed}, kill {kill}"
    settled = await settle(bank, servers, run_folder)
    assert acknowledged <= replayed(settled), f"BEZANT_SEED={seed}"
