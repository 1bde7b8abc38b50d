"""Balances in a lane's memory are used only while they are the newest; reads see every write."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bezant.kernel.database import BEGIN_READ_ONLY, Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.lane import store
from fixtures_ledger import Bank, new_bank, open_ledger
from posters import Poster, posting
from processes.poster import Job

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

FUNDS = 100
PROCESSES = 3
AT_ONCE = 50


@pytest.fixture
async def two(database: Database, run_folder: Path) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Two processes' ledgers; the first takes the lanes that it is asked for first."""
    async with open_ledger(database, run_folder) as one, open_ledger(database, run_folder) as other:
        yield one, other


@pytest.fixture
async def bank(two: tuple[Ledger, Ledger], database: Database) -> Bank:
    """A bank whose lane the first ledger holds."""
    bank = await (await new_bank(two[0], database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    await bank.pay("world", "alice", FUNDS)
    return bank


async def spend_behind_the_holders_back(bank: Bank, two: tuple[Ledger, Ledger]) -> None:
    """The first ledger cannot be reached, and the second takes its lane and spends everything."""
    await two[0]._lanes._server.close()
    bank.ledger = two[1]
    assert (await bank.pay("alice", "world", FUNDS)).status == 201
    bank.ledger = two[0]


async def test_what_a_holder_remembers_is_not_spent_again(
    bank: Bank, two: tuple[Ledger, Ledger]
) -> None:
    await spend_behind_the_holders_back(bank, two)
    refused = await bank.pay("alice", "world", FUNDS)
    assert (refused.status, await bank.posted("alice")) == (422, 0)
    assert (await bank.verify()).findings == []


async def test_a_holder_that_took_the_newest_head_for_its_own_would_spend_it_again(
    bank: Bank, two: tuple[Ledger, Ledger]
) -> None:
    """The control: past the compare-and-set, what it remembers is what it decides by."""
    await spend_behind_the_holders_back(bank, two)
    stale, newest = (each._lanes._lanes[bank.tenant_id, bank.book_id] for each in two)
    stale._book.head = newest._book.head
    assert (await bank.pay("alice", "world", FUNDS)).status == 201
    assert (await bank.verify()).findings


async def test_whoever_is_asked_reads_what_was_written_anywhere(
    bank: Bank, two: tuple[Ledger, Ledger]
) -> None:
    for number in range(20):
        bank.ledger = two[number % 2]
        posted = (await bank.pay("world", "alice", 1)).value(schemas.PostedTransaction)
        bank.ledger = two[(number + 1) % 2]
        balance = await bank.ledger.balance(bank.tenant_id, bank.book_id, "alice")
        assert (balance.posted, balance.as_of) == (str(FUNDS + number + 1), posted.recorded_at)


async def test_a_snapshot_taken_before_a_write_does_not_see_it(
    bank: Bank, database: Database
) -> None:
    """The control: reading from an older snapshot is what a lagging reader would do."""

    async def read(connection: "PoolConnectionProxy[asyncpg.Record]") -> int:
        key = bank.tenant_id, bank.book_id, ["alice"]
        before = await connection.fetchrow(store.FIND_ACCOUNTS, *key)
        await bank.pay("world", "alice", 1)
        after = await connection.fetchrow(store.FIND_ACCOUNTS, *key)
        assert before == after is not None
        return int(after["credits_posted"])

    stale = await database.transaction(read, begin=BEGIN_READ_ONLY)
    assert (stale, await bank.posted("alice")) == (FUNDS, FUNDS + 1)


@pytest.mark.parametrize("is_same_key", [True, False], ids=["one key", "the control: many keys"])
async def test_identical_requests_at_once_from_many_processes_are_one(
    bank: Bank, two: tuple[Ledger, Ledger], app_url: str, run_folder: Path, *, is_same_key: bool
) -> None:
    """One effect, one stored answer; each gets its bytes."""
    await two[0].close()
    count, repeats = (1, AT_ONCE) if is_same_key else (AT_ONCE, 1)
    job = Job(
        app_url, str(run_folder), bank.tenant_id, bank.book_id, "same",
        count=count, concurrency=AT_ONCE, repeats=repeats,
    )  # fmt: skip
    async with AsyncExitStack() as running:
        posters = [await running.enter_async_context(posting(job)) for _ in range(PROCESSES)]
        await asyncio.gather(*(poster.finish() for poster in posters))
    bank.ledger = two[1]
    effects = 1 if is_same_key else AT_ONCE
    assert await bank.posted("alice") == FUNDS + effects
    assert [len(told(poster)) for poster in posters] == [AT_ONCE] * PROCESSES
    digests = {digest for poster in posters for digest in told(poster)}
    rows = await bank.database.fetch(
        "SELECT body FROM idempotency_record WHERE tenant_id = $1 AND key LIKE 'same-%'",
        bank.tenant_id,
    )
    assert {hashlib.sha256(row["body"]).hexdigest() for row in rows} == digests
    assert len(rows) == len(digests) == effects


def told(poster: Poster) -> list[str]:
    """The digests of the bodies that a process was answered with, repeats included."""
    words = [line.split() for line in poster.lines if line.startswith("answered")]
    assert {word[2] for word in words} == {"201"}
    return [word[3] for word in words]
