"""Books that share a partition of every table do not abort each other's transactions."""

import asyncio
from pathlib import Path

from bezant.kernel.database import Database
from bezant.kernel.telemetry import ABORTS
from bezant.ledger import schemas
from fixtures_ledger import Bank, new_bank, open_ledger

ROUNDS = 150
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


async def test_colliding_books_post_in_parallel_without_false_aborts(
    database: Database, run_folder: Path
) -> None:
    async with open_ledger(database, run_folder) as ledger:
        books = await colliding(database, await new_bank(ledger, database), 3)
        for book in books:
            await book.open("world", schemas.AccountType.ASSET)
            for number in range(20):
                await book.open(f"account-{number}")
        before = ABORTS._value.get()

        async def post(book: Bank) -> None:
            for number in range(ROUNDS):
                answer = await book.pay("world", f"account-{number % 20}", 1)
                assert answer.status == 201

        await asyncio.gather(*(post(book) for book in books))
        aborts = ABORTS._value.get() - before
        for book in books:
            assert (await book.verify()).findings == []
    # Each posting was a transaction of its own, three at a time.
    assert aborts <= 0.03 * ROUNDS * len(books)
