"""Jobs of one partition may make each other run again; those of others, and postings, may not."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import pytest

from bezant.kernel.database import Database
from bezant.kernel.database.errors import RETRYABLE
from bezant.kernel.jobs import Handling
from bezant.kernel.jobs.kinds import PARTITIONS, partition_of
from fixtures_ledger import Bank
from jobbers import Office, does, errands, running

ROUNDS = 25


@pytest.fixture
def aborted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Serialization failures, by the class whose transaction failed."""
    failures: Counter[str] = Counter()
    once = Database._once

    async def counted(self: Database, work: Any, begin: str) -> object:  # noqa: ANN401 - any work
        try:
            return await once(self, work, begin)
        except RETRYABLE:
            failures[work.__qualname__.partition(".")[0]] += 1
            raise

    monkeypatch.setattr(Database, "_once", counted)
    return failures


def keys_of(office: Office, partition_no: int) -> Iterator[str]:
    """Keys whose jobs are in a partition."""
    for number in count():
        key = f"key-{number}"
        if partition_of(office.tenant_id, office.kind.name, key) == partition_no:
            yield key


async def run_all(database: Database, office: Office, keys: list[str]) -> None:
    """Jobs of eight keys, one after the other within a key, by one runner."""
    for _ in range(ROUNDS):
        for key in keys:
            await office.make("", key=key)
    async with running(database, Handling(office.kind, does)):
        await office.until(done=ROUNDS * len(keys))


async def test_partitions_do_not_abort_each_other(
    database: Database, aborted: Counter[str]
) -> None:
    office = Office(database, errands("test.apart"))
    await run_all(database, office, [next(keys_of(office, number)) for number in range(PARTITIONS)])
    assert aborted.total() <= 0.03 * 2 * ROUNDS * PARTITIONS, aborted


async def test_jobs_of_one_partition_do_abort_each_other(
    database: Database, aborted: Counter[str]
) -> None:
    """The control: as many jobs that run as much at once."""
    office = Office(database, errands("test.together"))
    await run_all(database, office, list(islice(keys_of(office, 0), PARTITIONS)))
    assert aborted.total() > 0.03 * 2 * ROUNDS * PARTITIONS, aborted


async def test_postings_and_the_commits_that_make_jobs_are_not_aborted_by_runners(
    database: Database, bank: Bank, aborted: Counter[str]
) -> None:
    office = Office(database, errands("test.aborts"))

    async def make(key: str) -> None:
        for _ in range(ROUNDS):
            await office.make("", key=key)
            await bank.pay("world", "alice", 1)

    handling = Handling(office.kind, does)
    async with running(database, handling), running(database, handling):
        await asyncio.gather(*(make(key) for key in "abcdefgh"))
        await office.until(done=8 * ROUNDS)
    assert aborted["Office"] + aborted["Lane"] <= 0.03 * 2 * 8 * ROUNDS, aborted
