"""A database that lies, stalls, or has no space; a clock that is set back: late, never wrong."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import asyncpg
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database, pool
from bezant.kernel.errors import Unavailable
from bezant.ledger import schemas
from bezant.ledger.lane import LEASE
from crashing import WindableClock
from fixtures_ledger import Bank, new_bank, open_ledger
from kills import Servers, open_servers
from lying import Lie, LyingProxy

AT_ONCE = 10
BULK = 2_000
DAMAGES = [Lie.TWICE, Lie.CUT_SHORT, Lie.SWALLOWED]


@pytest.fixture
async def proxy(app_url: str) -> AsyncIterator[LyingProxy]:
    with tempfile.TemporaryDirectory(prefix="bzp-", dir="/tmp") as folder:
        async with LyingProxy.before(app_url, Path(folder)) as proxy:
            yield proxy


@asynccontextmanager
async def bank_behind(proxy: LyingProxy, app_url: str, run_folder: Path) -> AsyncIterator[Bank]:
    """A bank whose ledger reaches the database through the proxy."""
    database = await Database.open(proxy.url(app_url), name="lied to")
    async with open_ledger(database, run_folder) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice", overdraft="0")
        yield bank
        assert (await bank.verify()).findings == []
    await database.close()


@pytest.fixture
async def patient_bank(proxy: LyingProxy, app_url: str, run_folder: Path) -> AsyncIterator[Bank]:
    """Waits for the database as long as the platform does."""
    async with bank_behind(proxy, app_url, run_folder) as bank:
        yield bank


@pytest.fixture
async def bank(
    proxy: LyingProxy, app_url: str, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bank]:
    """Waits for the database for a second."""
    monkeypatch.setattr(pool, "COMMAND_TIMEOUT_S", 1.0)
    async with bank_behind(proxy, app_url, run_folder) as bank:
        yield bank


async def pay(bank: Bank, key: str) -> Answer:
    """Pay 1, and ask again with the same key until there is an answer, as clients do."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await bank.pay("world", "alice", 1, key)
            except Unavailable:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("side", ["to_server", "to_client"])
@pytest.mark.parametrize("lie", DAMAGES)
async def test_bytes_that_are_doubled_cut_or_lost_cost_time_and_nothing_else(
    bank: Bank, proxy: LyingProxy, side: str, lie: Lie
) -> None:
    await pay(bank, "first")
    for damage in range(3):
        setattr(proxy, side, lie)
        answers = await asyncio.gather(*(pay(bank, f"{damage}-{n}") for n in range(AT_ONCE)))
        assert {answer.status for answer in answers} == {201}
    assert proxy.lies == 3
    assert await bank.posted("alice") == 1 + 3 * AT_ONCE


async def test_a_disk_slower_than_the_lease_delays_and_doubles_nothing(
    patient_bank: Bank, proxy: LyingProxy, database: Database, run_folder: Path
) -> None:
    """While a batch hangs past the lease, another process is asked for the same."""
    bank = patient_bank
    await pay(bank, "first")
    proxy.late_s = LEASE.total_seconds() + 1
    proxy.to_client = Lie.LATE
    slow = asyncio.create_task(pay(bank, "slow"))
    async with open_ledger(database, run_folder) as other:
        elsewhere = Bank(other, database, bank.tenant_id, bank.book_id)
        answers = await asyncio.gather(slow, pay(elsewhere, "slow"), pay(elsewhere, "more"))
        assert {answer.status for answer in answers} == {201}
        assert answers[0].body == answers[1].body
        assert await elsewhere.posted("alice") == 3


async def test_recorded_instants_increase_although_the_clock_is_set_back(
    database: Database, run_folder: Path
) -> None:
    clock = WindableClock(datetime(2026, 3, 1, tzinfo=UTC))
    async with open_ledger(database, run_folder, clock) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice", overdraft="0")
        recorded = []
        for _ in range(5):
            answer = await bank.pay("world", "alice", 1)
            recorded.append(answer.value(schemas.PostedTransaction).recorded_at)
            clock.wind(-3600)
        assert recorded == sorted(set(recorded))
        # The next holder's clock may be behind as well.
        async with open_ledger(database, run_folder, clock) as successor:
            await ledger.close()
            bank.ledger = successor
            answer = await bank.pay("world", "alice", 1)
            assert answer.value(schemas.PostedTransaction).recorded_at > recorded[-1]
        assert (await bank.verify()).findings == []


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 300 MB."""
    with tempfile.TemporaryDirectory(prefix="bzd-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        mount = ["mount", "-t", "tmpfs", "-o", "size=300m,mode=755", "tmpfs", folder]
        if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
            pytest.skip("may not mount a file system here")
        yield Path(folder)
        subprocess.run(["umount", folder], check=True)


async def test_a_disk_that_fills_within_a_batch_loses_nothing_and_goes_on_once_there_is_space(
    small_disk: Path, run_folder: Path
) -> None:
    async with open_servers(small_disk / "data") as servers:
        database = await Database.open(servers.app_url)
        async with open_ledger(database, run_folder) as ledger:
            bank = await (await new_bank(ledger, database)).create()
            await bank.open("world", schemas.AccountType.ASSET)
            await bank.open("alice", overdraft="0")
            acknowledged = await fill_up(bank, small_disk)
            assert acknowledged
            (small_disk / "filler").unlink()
            await start_again(servers)
            assert (await pay_in_bulk(bank, acknowledged[-1])).is_replay
            answer = await pay_in_bulk(bank, "after")
            assert (answer.status, answer.is_replay) == (200, False)
            assert await bank.posted("alice") % BULK == 0
            assert await bank.posted("alice") >= (len(acknowledged) + 1) * BULK
            assert (await bank.verify()).findings == []
        await database.close()


async def pay_in_bulk(bank: Bank, key: str) -> Answer:
    leg = bank.leg("world", "alice", 1)
    items = [
        schemas.BatchTransaction([leg], id=uuid5(NAMESPACE_OID, f"{key}-{at}"))
        for at in range(BULK)
    ]
    return await bank.ledger.post_batch(bank.call(key), bank.book_id, schemas.NewBatch(items))


async def fill_up(bank: Bank, disk: Path) -> list[str]:
    """Post until there is no space left; the keys of what was acknowledged."""
    space = os.statvfs(disk)
    with (disk / "filler").open("wb") as file:
        room = 4 * 1024 * 1024
        os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize - room)
    acknowledged: list[str] = []
    async with asyncio.timeout(120):
        while True:
            key = f"full-{len(acknowledged)}"
            try:
                answer = await pay_in_bulk(bank, key)
            except (Unavailable, asyncpg.PostgresError):
                return acknowledged
            assert answer.status == 200
            acknowledged.append(key)


async def start_again(servers: Servers) -> None:
    """As the platform does with a server that ended by itself; others go on."""
    if servers.postgres.child.status is not None:
        await servers.postgres.start()
