"""A connection lost within COMMIT: what was asked takes effect once."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.ledger import schemas
from fixtures_ledger import Bank, new_bank, open_ledger
from proxies import CommitProxy, Cut


@pytest.fixture
async def proxy(app_url: str) -> AsyncIterator[CommitProxy]:
    with tempfile.TemporaryDirectory(prefix="bzp-", dir="/tmp") as folder:
        async with CommitProxy(app_url, Path(folder)).serving() as proxy:
            yield proxy


@pytest.fixture
async def bank(proxy: CommitProxy, run_folder: Path) -> AsyncIterator[Bank]:
    """A bank whose ledger reaches the database through the proxy."""
    database = await Database.open(proxy.url, name="proxied")
    async with open_ledger(database, run_folder) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice", overdraft="0")
        yield bank
        assert (await bank.verify()).findings == []
    await database.close()


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_a_posting_whose_commit_was_cut_takes_effect_once(
    bank: Bank, proxy: CommitProxy, cut: Cut
) -> None:
    await bank.pay("world", "alice", 1)
    proxy.cut = cut
    answers = await asyncio.gather(*(bank.pay("world", "alice", 10) for _ in range(20)))
    assert proxy.cuts == 1
    assert {answer.status for answer in answers} == {201}
    assert await bank.posted("alice") == 201
    # Answers read back from the records tell that the commit had happened; without it all are new.
    assert any(answer.is_replay for answer in answers) is (cut is Cut.AFTER)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_a_refusal_whose_commit_was_cut_stays_the_same_refusal(
    bank: Bank, proxy: CommitProxy, cut: Cut
) -> None:
    proxy.cut = cut
    refused = await bank.pay("alice", "world", 5, key="k")
    await bank.pay("world", "alice", 5)
    again = await bank.pay("alice", "world", 5, key="k")
    assert (refused.status, again.body, again.is_replay) == (422, refused.body, True)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_a_book_whose_commit_was_cut_exists_once(
    bank: Bank, proxy: CommitProxy, cut: Cut
) -> None:
    async def create() -> Answer:
        new = schemas.NewBook("Second", [schemas.Asset("EUR", 2)])
        return await bank.ledger.create_book(bank.call("book"), new)

    proxy.cut = cut
    first = await create()
    assert (first.status, proxy.cuts) == (201, 1)
    assert (await create()).body == first.body
    books = await bank.ledger.books(bank.tenant_id, after=None, limit=10)
    assert len(books.books) == 2


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_taking_a_lane_whose_commit_was_cut_ends_with_one_holder(
    bank: Bank, proxy: CommitProxy, run_folder: Path, cut: Cut
) -> None:
    await bank.pay("world", "alice", 1)
    await bank.ledger.close()
    database = await Database.open(proxy.url, name="proxied")
    async with open_ledger(database, run_folder) as successor:
        bank.ledger = successor
        proxy.cut = cut
        assert (await bank.pay("world", "alice", 2)).status == 201
        assert (proxy.cuts, await bank.posted("alice")) == (1, 3)
    await database.close()
