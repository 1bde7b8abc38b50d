"""Reading what a batch needs: the head, accounts not in memory, transactions by id."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.database import Database
from bezant.ledger.domain import Account, Bounds
from bezant.ledger.errors import BookNotFound
from bezant.ledger.lane import store
from bezant.ledger.lane.book import BookState, Head
from bezant.ledger.proof import Frontier
from bezant.ledger.schemas import AccountStatus, AccountType

if TYPE_CHECKING:
    import asyncpg

    Stored = asyncpg.Record | Mapping[str, Any]


async def load_book(database: Database, tenant_id: UUID, book_id: UUID, head: Head) -> BookState:
    """A book with its assets and no accounts yet.

    Raises:
        BookNotFound: the tenant has no such book.
    """
    book = await database.fetchrow(store.FIND_BOOK, tenant_id, book_id)
    if book is None:
        raise BookNotFound(f"No book {book_id}.")
    assets = await database.fetch(store.FIND_ASSETS, tenant_id, book_id)
    return BookState(
        tenant_id,
        book_id,
        ZoneInfo(book["time_zone"]),
        {row["code"]: row["scale"] for row in assets},
        head,
    )


async def load_accounts(database: Database, book: BookState, ids: Collection[str]) -> None:
    """Bring those of the accounts that exist into memory.

    Read outside the batch's transaction: if the book changes after its head was read, the batch's
    compare-and-set fails and this memory is thrown away.
    """
    missing = [account_id for account_id in ids if account_id not in book.accounts]
    if not missing:
        return
    rows = await database.fetch(store.FIND_ACCOUNTS, book.tenant_id, book.book_id, missing)
    for row in rows:
        book.accounts[row["account_id"]] = account_of(row)


def head_of(row: "Stored") -> Head:
    """A lane's row as a head."""
    return Head(
        epoch=row["epoch"],
        version=row["version"],
        seq=row["seq"],
        accounts=row["accounts"],
        log=Frontier.decode(row["log_size"], row["frontier"]),
        recorded_at=row["recorded_at"],
    )


def bounds_of(row: "Stored") -> Bounds:
    """The limits in a row of `account` or `account_event`."""
    return Bounds(
        *(
            None if row[name] is None else int(row[name])
            for name in ("overdraft", "minimum", "maximum")
        )
    )


def account_of(row: "Stored") -> Account:
    """A joined row of `account` and `balance`."""
    return Account(
        no=row["account_no"],
        id=row["account_id"],
        asset=row["asset"],
        type=AccountType(row["type"]),
        status=AccountStatus(row["status"]),
        bounds=bounds_of(row),
        opened_at=row["opened_at"],
        debits_posted=int(row["debits_posted"]),
        credits_posted=int(row["credits_posted"]),
        debits_pending=int(row["debits_pending"]),
        credits_pending=int(row["credits_pending"]),
        version=row["version"],
        as_of=row["as_of"],
    )


async def find_transactions(
    database: Database, book: BookState, ids: Iterable[UUID]
) -> "dict[UUID, list[asyncpg.Record]]":
    """The legs of those of the transactions that stand already, in order."""
    wanted = list(ids)
    if not wanted:
        return {}
    found: dict[UUID, list[asyncpg.Record]] = {}
    for row in await database.fetch(store.FIND_TRANSACTIONS, book.tenant_id, book.book_id, wanted):
        found.setdefault(row["transaction_id"], []).append(row)
    return found
