"""A book worth exporting, and what it is restored into."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.export import (
    Encoding,
    Exports,
    Manifest,
    Restored,
    Wanted,
    export_book,
    restore_book,
)
from fixtures_ledger import Bank, new_bank


@dataclass
class Library:
    """Exports of a bank's book, and restores them for other tenants."""

    bank: Bank
    folder: Path

    async def export(self, name: str = "export", **wanted: Any) -> Path:  # noqa: ANN401 - members by name
        folder = self.folder / name
        await self.exported(folder, Wanted(**wanted))
        return folder

    async def exported(self, folder: Path, wanted: Wanted) -> Manifest:
        bank = self.bank
        return await export_book(
            bank.database, SystemClock(), bank.call(), bank.book_id, folder, wanted
        )

    async def elsewhere(self) -> Bank:
        """Another tenant, without books."""
        bank = await new_bank(self.bank.ledger, self.bank.database)
        bank.book_id = self.bank.book_id
        return bank

    async def restore(self, into: Bank, *folders: Path, root: str | None = None) -> Restored:
        return await restore_book(
            into.database,
            SystemClock(),
            into.call(),
            Exports.open(folders),
            root=root,
            progress=lambda _done, _last: None,
        )


async def content_of(bank: Bank) -> dict[str, list[Any]]:
    """Everything that a book consists of, but whose it is and who holds its lane."""
    tables = {
        "book": "book_id",
        "asset": "code",
        "transfer": "seq, leg",
        "account_event": "seq",
        "transaction_content": "seq",
        "batch": "batch_no",
        "account": "account_no",
        "balance": "account_no",
        "lane": "book_id",
    }
    left_out = {"tenant_id", "epoch", "version", "holder", "lease_until"}
    found = {}
    for table, order in tables.items():
        rows = await bank.database.fetch(
            f"SELECT * FROM {table} WHERE tenant_id = $1 AND book_id = $2 ORDER BY {order}",
            bank.tenant_id,
            bank.book_id,
        )
        kept = left_out - ({"version"} if table == "balance" else set())
        found[table] = [
            {name: value for name, value in row.items() if name not in kept} for row in rows
        ]
    return found


@pytest.fixture
async def library(ledger: Ledger, database: Database, tmp_path: Path) -> Library:
    """A book with two assets, limits, changes, batches of several, metadata, some of it erased."""
    bank = await new_bank(ledger, database)
    await bank.create(
        schemas.Asset("EUR", 2), schemas.Asset("BTC", 8), time_zone="Pacific/Chatham"
    )
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0", maximum=str(2**127 - 1))
    await bank.open("bob", minimum="0")
    await bank.open("coins", schemas.AccountType.ASSET, asset="BTC")
    batch = schemas.NewBatch(
        [
            schemas.BatchTransaction([bank.leg("world", "alice", 10 + n)], id=bank.ledger._ids.new())
            for n in range(20)
        ]
    )
    await ledger.post_batch(bank.call(), bank.book_id, batch)
    await bank.post(
        bank.leg("world", "alice", 2**126), metadata={"wer": "Ann Example ☃\u0001"}, reason="why"
    )
    await bank.post(bank.leg("world", "alice", 7), metadata={"who": "to be erased"})
    await bank.post(
        bank.leg("alice", "bob", 5, code="x"),
        schemas.Posting("coins", "position:BTC", "BTC", "3"),
    )
    await bank.change("bob", status="frozen", limits=schemas.Limits(overdraft="10"))
    erased = (await ledger.feed(bank.tenant_id, bank.book_id, 0, 1000)).events[-3].seq
    await database.transaction(
        lambda connection: connection.execute(
            "DELETE FROM transaction_content WHERE tenant_id = $1 AND book_id = $2 AND seq = $3",
            bank.tenant_id,
            bank.book_id,
            erased,
        )
    )
    return Library(bank, tmp_path)


ENCODINGS: tuple[Encoding, ...] = ("jsonl", "parquet")
