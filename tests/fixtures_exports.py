"""A book worth exporting, and what it is restored into."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bezant.kernel.calls import Call
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
from fixtures_ledger import IDS, Bank, new_bank


def _call(bank: Bank) -> Call:
    return msgspec.structs.replace(bank.call(), purpose="export")


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
            bank.database, SystemClock(), _call(bank), bank.book_id, folder, wanted
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
            _call(into),
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
        "hold_event": "seq, leg",
        "limit_group_event": "seq",
        "period_event": "seq",
        "reversal": "seq, leg",
        "account": "account_no",
        "limit_group": "group_id",
        "hold": "hold_id",
        "balance": "account_no",
        "lane": "book_id",
    }
    # `next_expiry` says when to look again: a lane that settled a hold early still looks then.
    left_out = {"tenant_id", "epoch", "version", "holder", "lease_until", "next_expiry"}
    found = {}
    for table, order in tables.items():
        rows = await bank.database.fetch(
            f"SELECT * FROM {table} WHERE tenant_id = $1 AND book_id = $2 ORDER BY {order}",
            bank.tenant_id,
            bank.book_id,
        )
        kept = left_out if table == "lane" else {"tenant_id"}
        found[table] = [
            {name: value for name, value in row.items() if name not in kept} for row in rows
        ]
    return found


@pytest.fixture
async def library(ledger: Ledger, database: Database, tmp_path: Path) -> Library:
    """A book with two assets, limits, changes, batches of several, metadata, some of it erased."""
    bank = await new_bank(ledger, database)
    await bank.create(schemas.Asset("EUR", 2), schemas.Asset("BTC", 8), time_zone="Pacific/Chatham")
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0", maximum=str(2**127 - 1))
    await bank.open("bob", minimum="0")
    await bank.open("coins", schemas.AccountType.ASSET, asset="BTC")
    await bank.batch(
        *(
            schemas.BatchTransaction([bank.leg("world", "alice", 10 + n)], id=IDS.new())
            for n in range(20)
        )
    )
    await _reserve(bank)
    await _take_back(bank)
    await bank.post(
        bank.leg("world", "alice", 2**126), metadata={"wer": "Ann Example ☃\u0001"}, reason="why"
    )
    await bank.post(bank.leg("world", "alice", 7), metadata={"who": "to be erased"})
    await bank.post(
        bank.leg("alice", "bob", 5, code="x"),
        schemas.Posting("coins", "position:BTC", "BTC", "3"),
    )
    await bank.change("bob", status="frozen", limits=schemas.Limits(overdraft="10"))
    # The second of those with metadata, so that the first keeps its own.
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


async def _reserve(bank: Bank) -> None:
    """Holds in every state, and a group that accounts join and leave."""
    limits = schemas.Limits(overdraft="1000")
    new = schemas.NewLimitGroup("family", "EUR", schemas.AccountType.LIABILITY, limits)
    await bank.ledger.open_limit_group(bank.call(), bank.book_id, new)
    await bank.change("alice", limit_group="family")
    await bank.change("bob", limit_group="family")
    change = schemas.LimitGroupChange(schemas.Limits(overdraft="2000"))
    await bank.ledger.change_limit_group(bank.call(), bank.book_id, "family", change)
    await bank.change("bob", limit_group=None)
    partly = await bank.reserve("alice", "bob", 40, expires_in_s=3600)
    await bank.capture(partly, 10)
    await bank.capture(await bank.reserve("alice", "bob", 5))
    await bank.void(await bank.reserve("alice", "bob", 6))
    await bank.reserve("alice", "bob", 7)


async def _take_back(bank: Bank) -> None:
    """A transaction taken back in part, and then the rest of it."""
    legs = [bank.leg("world", "alice", 30), bank.leg("world", "bob", 20)]
    paid = (await bank.post(*legs)).value(schemas.PostedTransaction)
    await bank.reverse(paid.id, (paid.postings[1].transfer_id, 15))
    await bank.reverse(paid.id, reason="A mistake")


ENCODINGS: tuple[Encoding, ...] = ("jsonl", "parquet")
