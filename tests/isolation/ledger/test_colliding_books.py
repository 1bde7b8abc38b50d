"""Books that share a partition of every table do not abort each other's transactions."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.kernel.telemetry import ABORTS
from bezant.ledger import Decision, ReadKind, Reads, Seen, post, schemas
from fixtures_ledger import Bank, new_bank, open_ledger

Pay = Callable[[Bank, str], Awaitable[Answer]]

BOOKS = 3
ACCOUNTS = 20
EVERYBODY = ReadKind(
    "everybody",
    "SELECT key, (SELECT sum(version) FROM balance) AS versions"
    " FROM unnest($2::text[]) AS wanted (key) WHERE $1::uuid IS NOT NULL",
)
PARTITION = (
    "SELECT tableoid::regclass::text AS name FROM lane WHERE tenant_id = $1 AND book_id = $2"
)


async def colliding(database: Database, bank: Bank, count: int) -> list[Bank]:
    """Books of one partition; their tenant's other books stay empty."""
    partitions: dict[str, list[Bank]] = {}
    while True:
        book = await Bank(bank.ledger, database, bank.tenant_id).create()
        row = await database.fetchrow(PARTITION, book.tenant_id, book.book_id)
        assert row is not None
        books = partitions.setdefault(row["name"], [])
        books.append(book)
        if len(books) == count:
            return books


async def aborts_of(database: Database, run_folder: Path, pay: Pay, rounds: int) -> float:
    """Serialization failures while three books of one partition post at once."""
    async with open_ledger(database, run_folder) as ledger:
        books = await colliding(database, await new_bank(ledger, database), BOOKS)
        for book in books:
            await book.open("world", schemas.AccountType.ASSET)
            for number in range(ACCOUNTS):
                await book.open(f"account-{number}")
        before = ABORTS._value.get()

        async def post_all(book: Bank) -> None:
            for number in range(rounds):
                answer = await pay(book, f"account-{number % ACCOUNTS}")
                assert answer.status == 201

        await asyncio.gather(*(post_all(book) for book in books))
        aborts: float = ABORTS._value.get() - before
        for book in books:
            assert (await book.verify()).findings == []
    return aborts


async def test_colliding_books_post_in_parallel_without_false_aborts(
    database: Database, run_folder: Path
) -> None:
    """Each posting is a transaction of its own, three at a time."""

    async def pay(book: Bank, account: str) -> Answer:
        return await book.pay("world", account, 1)

    assert await aborts_of(database, run_folder, pay, rounds=150) <= 0.03 * 150 * BOOKS


class Nosy(msgspec.Struct, frozen=True):
    """Pays, and reads every book's balances in its commit: what batches take care not to do."""

    account: str
    weight: int = 1

    def reads(self) -> Reads:
        return Reads(frozenset({"world", self.account}), rows=((EVERYBODY, "all"),))

    def decide(self, seen: Seen) -> Decision:
        leg = schemas.Posting("world", self.account, "EUR", "1")
        posted = post(seen.draft, schemas.NewTransaction([leg]))
        return Decision(Answer.of(posted.view(), status=201))


async def test_commits_that_read_other_books_do_abort_each_other(
    database: Database, run_folder: Path
) -> None:
    """The control: the same books, when each commit reads more than its own, and is counted."""

    async def pay(book: Bank, account: str) -> Answer:
        return await book.ledger.submit(book.call(), book.book_id, Nosy(account))

    assert await aborts_of(database, run_folder, pay, rounds=20) > 0
