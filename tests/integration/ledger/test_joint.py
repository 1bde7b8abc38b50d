"""Work over several books: one commit, all of it or nothing, whoever holds the lanes."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.kernel.errors import NotFound
from bezant.ledger import Decision, Ledger, Reads, Seen, post, schemas
from fixtures_ledger import Bank, new_bank, open_ledger
from proxies import CommitProxy, Cut


class Move(msgspec.Struct, frozen=True):
    """Takes from `alice` in one book and gives to `alice` in another."""

    source: UUID
    target: UUID
    amount: int

    def reads(self) -> Mapping[UUID, Reads]:
        accounts = Reads(frozenset({"world", "alice"}))
        return {self.source: accounts, self.target: accounts}

    def decide(self, seen: Mapping[UUID, Seen]) -> Decision:
        given = schemas.Posting("world", "alice", "EUR", str(self.amount))
        taken = schemas.Posting("alice", "world", "EUR", str(self.amount))
        # The gift first: a refusal of the second half has something to undo.
        gift = post(seen[self.target].draft, schemas.NewTransaction([given]))
        post(seen[self.source].draft, schemas.NewTransaction([taken]))
        return Decision(Answer.of(gift.view(), status=201))


async def book(ledger: Ledger, database: Database, tenant_id: UUID) -> Bank:
    bank = await Bank(ledger, database, tenant_id).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    await bank.pay("world", "alice", 100)
    return bank


@pytest.fixture
async def books(ledger: Ledger, database: Database) -> AsyncIterator[list[Bank]]:
    """Three books of one tenant, 100 in each; sound at the end, and nothing made or lost."""
    tenant_id = (await new_bank(ledger, database)).tenant_id
    books = [await book(ledger, database, tenant_id) for _ in range(3)]
    yield books
    assert [finding for each in books for finding in (await each.verify()).findings] == []
    assert sum([await each.posted("alice") for each in books]) == 300


def move(one: Bank, other: Bank, amount: int) -> Move:
    return Move(one.book_id, other.book_id, amount)


async def test_both_books_change_in_one_commit(books: list[Bank]) -> None:
    one, two, _ = books
    answer = await one.ledger.submit_jointly(one.call(), move(one, two, 30))
    assert answer.status == 201
    assert (await one.posted("alice"), await two.posted("alice")) == (70, 130)


async def test_a_refusal_in_one_book_undoes_the_other_and_is_replayed(books: list[Bank]) -> None:
    one, two, _ = books
    refused = await one.ledger.submit_jointly(one.call("k"), move(one, two, 101))
    assert refused.status == 422
    await one.pay("world", "alice", 50)
    again = await one.ledger.submit_jointly(one.call("k"), move(one, two, 101))
    assert (again.body, again.is_replay) == (refused.body, True)
    await one.pay("alice", "world", 50)
    assert (await one.posted("alice"), await two.posted("alice")) == (100, 100)


async def test_crossing_moves_and_single_postings_do_not_wait_for_each_other(
    books: list[Bank],
) -> None:
    async def there_and_back(one: Bank, other: Bank) -> None:
        for _ in range(10):
            for source, target in ((one, other), (other, one)):
                answer = await one.ledger.submit_jointly(one.call(), move(source, target, 1))
                assert answer.status == 201

    async def alone(one: Bank) -> None:
        for _ in range(20):
            assert (await one.pay("world", "alice", 1)).status == 201
            assert (await one.pay("alice", "world", 1)).status == 201

    one, two, three = books
    await asyncio.gather(
        there_and_back(one, two),
        there_and_back(two, three),
        there_and_back(three, one),
        *(alone(each) for each in books),
    )


async def test_a_repeat_moves_nothing_more(books: list[Bank]) -> None:
    one, two, _ = books
    answers = await asyncio.gather(
        *(one.ledger.submit_jointly(one.call("same"), move(one, two, 5)) for _ in range(10))
    )
    assert len({answer.body for answer in answers}) == 1
    assert await two.posted("alice") == 105


async def test_lanes_that_another_process_holds_come_here(
    books: list[Bank], database: Database, run_folder: Path
) -> None:
    one, two, _ = books
    async with open_ledger(database, run_folder) as other:
        for _ in range(5):
            away = await other.submit_jointly(one.call(), move(one, two, 1))
            back = await one.ledger.submit_jointly(one.call(), move(two, one, 1))
            assert (away.status, back.status) == (201, 201)
        await asyncio.gather(
            *(other.submit_jointly(one.call(), move(one, two, 1)) for _ in range(5)),
            *(one.ledger.submit_jointly(one.call(), move(two, one, 1)) for _ in range(5)),
        )


async def test_a_book_of_another_tenant_is_not_found(books: list[Bank], bank: Bank) -> None:
    one = books[0]
    with pytest.raises(NotFound):
        await one.ledger.submit_jointly(one.call(), move(one, bank, 1))


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_a_commit_over_books_that_was_cut_takes_effect_once(
    app_url: str, run_folder: Path, cut: Cut
) -> None:
    with tempfile.TemporaryDirectory(prefix="bzp-", dir="/tmp") as folder:
        async with CommitProxy(app_url, Path(folder)).serving() as proxy:
            database = await Database.open(proxy.url)
            async with open_ledger(database, run_folder) as ledger:
                tenant_id = (await new_bank(ledger, database)).tenant_id
                one, two = [await book(ledger, database, tenant_id) for _ in range(2)]
                proxy.cut = cut
                answer = await ledger.submit_jointly(one.call(), move(one, two, 7))
                assert (answer.status, proxy.cuts) == (201, 1)
                assert (await one.posted("alice"), await two.posted("alice")) == (93, 107)
                assert (await one.verify()).findings + (await two.verify()).findings == []
            await database.close()
