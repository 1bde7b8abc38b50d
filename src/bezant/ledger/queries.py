"""Reading books, accounts, balances, entries and transactions.

`after` is the position of the last row of the page before; `next` of a page is that of its own last
row.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from uuid import UUID

import msgspec

from bezant.kernel.database import Database, Replica, ReplicaUnavailable
from bezant.kernel.telemetry import REPLICA_READS
from bezant.ledger import holds, limit_groups, schemas, store
from bezant.ledger.balance_cache import balance_of
from bezant.ledger.errors import (
    AccountNotFound,
    BookNotFound,
    HoldNotFound,
    LimitGroupNotFound,
    TransactionNotFound,
)
from bezant.ledger.feed.events import Events
from bezant.ledger.feed.reader import read_page
from bezant.ledger.history import LAST, Axis, History, Moment
from bezant.ledger.lane import (
    FIND_ACCOUNTS,
    FIND_HOLDS,
    FIND_LIMIT_GROUPS,
    FIND_TRANSACTIONS,
    account_of,
    bounds_of,
    hold_of,
    limit_group_of,
    original_of,
    transfer_id,
)

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")

REVERSED_BY_MAX: Final = 100
"""Reversals that a transaction names; the amounts left count all of them."""

_NIL: Final = UUID(int=0)
_ENTRY_POSITION: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,4}|[12][0-9]{4})")


class Source(Protocol):
    """Where rows are read: the database, or one snapshot of it."""

    async def fetch(self, statement: str, /, *values: object) -> "list[asyncpg.Record]":
        """The rows of one reading statement."""
        ...

    async def fetchrow(self, statement: str, /, *values: object) -> "asyncpg.Record | None":
        """The first row of one reading statement, or None."""
        ...


class Queries:
    """The ledger's reads, as of what their source shows."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def source(self) -> Source:
        """Where they read."""
        return self._source

    async def books(self, tenant_id: UUID, *, after: str | None, limit: int) -> schemas.Books:
        """A tenant's books, oldest first."""
        start = _NIL if after is None else UUID(after)
        rows = await self._source.fetch(store.FIND_BOOKS, tenant_id, start, limit + 1)
        books = [_book(row) for row in rows[:limit]]
        return schemas.Books(books, str(books[-1].id) if len(rows) > limit else None)

    async def book(self, tenant_id: UUID, book_id: UUID) -> schemas.Book:
        """One book.

        Raises:
            BookNotFound: the tenant has no such book.
        """
        row = await self._source.fetchrow(store.FIND_BOOK, tenant_id, book_id)
        if row is None:
            raise BookNotFound(f"No book {book_id}.")
        return _book(row)

    async def accounts(
        self, tenant_id: UUID, book_id: UUID, *, after: str | None, limit: int
    ) -> schemas.Accounts:
        """A book's accounts, by id."""
        rows = await self._source.fetch(
            store.FIND_ACCOUNTS, tenant_id, book_id, after or "", limit + 1
        )
        if not rows:
            await self.book(tenant_id, book_id)
        accounts = [_account(row) for row in rows[:limit]]
        return schemas.Accounts(accounts, accounts[-1].id if len(rows) > limit else None)

    async def account(self, tenant_id: UUID, book_id: UUID, account_id: str) -> schemas.Account:
        """One account.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        return _account(await self._account_row(tenant_id, book_id, account_id))

    async def balance(self, tenant_id: UUID, book_id: UUID, account_id: str) -> schemas.Balance:
        """An account's balance.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        row = await self._source.fetchrow(FIND_ACCOUNTS, tenant_id, book_id, [account_id])
        if row is None:
            raise AccountNotFound(f"No account {account_id!r}.")
        return balance_of(account_of(row))

    async def totals(
        self, tenant_id: UUID, book_id: UUID, account_id: str, seq: int
    ) -> schemas.Totals:
        """An account's sums as they stood at a number of the book's feed.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        account_no = await self.account_no(tenant_id, book_id, account_id)
        at = Moment(Axis.EFFECTIVE, LAST, seq)
        sums = await History(self._source).sums(tenant_id, book_id, account_no, at)
        return schemas.Totals(account_id, seq, *map(str, sums.totals()[:4]))

    async def hold(self, tenant_id: UUID, book_id: UUID, hold_id: UUID) -> schemas.Hold:
        """A hold.

        Raises:
            HoldNotFound: the book, if there is such a book, has no such hold.
        """
        row = await self._source.fetchrow(FIND_HOLDS, tenant_id, book_id, [hold_id])
        if row is None:
            raise HoldNotFound(f"No hold {hold_id}.")
        return holds.view(hold_of(row))

    async def limit_group(
        self, tenant_id: UUID, book_id: UUID, group_id: str
    ) -> schemas.LimitGroup:
        """A limit group.

        Raises:
            LimitGroupNotFound: the book, if there is such a book, has no such group.
        """
        row = await self._source.fetchrow(FIND_LIMIT_GROUPS, tenant_id, book_id, [group_id])
        if row is None:
            raise LimitGroupNotFound(f"No limit group {group_id!r}.")
        return limit_groups.view(limit_group_of(row))

    async def entries(
        self, tenant_id: UUID, book_id: UUID, account_id: str, *, after: str | None, limit: int
    ) -> schemas.Entries:
        """An account's entries, oldest first.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        account = await self._account_row(tenant_id, book_id, account_id)
        rows = await self._source.fetch(
            store.FIND_ENTRIES,
            tenant_id,
            book_id,
            account["account_no"],
            *_position(after),
            limit + 1,
        )
        entries = [entry_of(row) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return schemas.Entries(entries, None if last is None else f"{last['seq']}.{last['leg']}")

    async def transaction(
        self, tenant_id: UUID, book_id: UUID, transaction_id: UUID
    ) -> schemas.Transaction:
        """One transaction with its erasable content, where there is any left.

        Raises:
            TransactionNotFound: the book, if there is such a book, has no such transaction.
        """
        rows = await self._source.fetch(FIND_TRANSACTIONS, tenant_id, book_id, [transaction_id])
        if not rows:
            raise TransactionNotFound(f"No transaction {transaction_id}.")
        taken = await self._source.fetch(
            store.FIND_REVERSED, tenant_id, book_id, transaction_id, REVERSED_BY_MAX
        )
        return _transaction(rows, taken)

    async def events(self, tenant_id: UUID, book_id: UUID, *, after: int, limit: int) -> Events:
        """A page of a book's feed.

        Raises:
            BookNotFound: the tenant has no such book.
            FeedPositionAhead: the book has not given the number `after` yet.
        """
        return await read_page(self._source, tenant_id, book_id, after, limit)

    async def account_no(self, tenant_id: UUID, book_id: UUID, account_id: str) -> int:
        """An account's number.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        return int((await self._account_row(tenant_id, book_id, account_id))["account_no"])

    async def _account_row(
        self, tenant_id: UUID, book_id: UUID, account_id: str
    ) -> "asyncpg.Record":
        row = await self._source.fetchrow(store.FIND_ACCOUNT, tenant_id, book_id, account_id)
        if row is None:
            raise AccountNotFound(f"No account {account_id!r}.")
        return row


class BookReader:
    """Reads of one book, answered by the replica where that is known to be new enough.

    Args:
        database: the primary. It answers whoever does not say what they have seen, and whatever
            the replica cannot.
        replica: None where there is none.
    """

    def __init__(self, database: Database, replica: Replica | None) -> None:
        self._database = database
        self._primary = Queries(database)
        self._replica = replica

    async def read(
        self,
        tenant_id: UUID,
        book_id: UUID,
        read_after: int | None,
        query: Callable[[Queries], Awaitable[T]],
        *,
        known_at: datetime | None = None,
    ) -> T:
        """Run a query of one book where it sees at least `read_after`, a `seq` of that book.

        Without a `read_after` it sees everything that was answered before it began; with a
        `known_at`, everything that the book knew at that instant as well.
        """
        answer = await self._ask_replica(
            tenant_id, book_id, read_after, known_at, lambda source: query(Queries(source))
        )
        return await query(self._primary) if answer is None else answer

    async def snapshot(
        self,
        tenant_id: UUID,
        book_id: UUID,
        read_after: int | None,
        work: Callable[[Source], Awaitable[T]],
    ) -> T:
        """Run reads that have to agree with each other on one snapshot; as `read` otherwise."""
        answer = await self._ask_replica(tenant_id, book_id, read_after, None, work)
        return await self._database.read(work) if answer is None else answer

    async def _ask_replica(
        self,
        tenant_id: UUID,
        book_id: UUID,
        read_after: int | None,
        known_at: datetime | None,
        work: Callable[[Source], Awaitable[T]],
    ) -> T | None:
        """What the replica says; None where it is not asked, or is not new enough."""
        if read_after is None or self._replica is None:
            return None

        async def on_replica(connection: "PoolConnectionProxy[asyncpg.Record]") -> T | None:
            row = await connection.fetchrow(store.FIND_REPLAYED_SEQ, tenant_id, book_id)
            if row is None or row["seq"] < read_after:
                return None
            if known_at is not None and row["recorded_at"] < known_at:
                return None
            return await work(connection)

        try:
            answer = await self._replica.read(on_replica)
        except ReplicaUnavailable:
            outcome, answer = "unavailable", None
        else:
            outcome = "behind" if answer is None else "served"
        REPLICA_READS.labels(outcome).inc()
        return answer


def _position(after: str | None) -> tuple[int, int]:
    match = None if after is None else _ENTRY_POSITION.fullmatch(after)
    return (0, 0) if match is None else (int(match[1]), int(match[2]))


def _book(row: "asyncpg.Record") -> schemas.Book:
    return schemas.Book(
        id=row["book_id"],
        name=row["name"],
        time_zone=row["time_zone"],
        assets=[
            schemas.Asset(code, scale)
            for code, scale in zip(row["codes"], row["scales"], strict=True)
        ],
        created_at=row["created_at"],
    )


def _account(row: "asyncpg.Record") -> schemas.Account:
    return schemas.Account(
        id=row["account_id"],
        asset=row["asset"],
        type=schemas.AccountType(row["type"]),
        status=schemas.AccountStatus(row["status"]),
        limits=bounds_of(row).limits(),
        limit_group=row["limit_group"],
        opened_at=row["opened_at"],
    )


def entry_of(row: "asyncpg.Record") -> schemas.Entry:
    """An entry out of a row of `FIND_ENTRIES`."""
    return schemas.Entry(
        transfer_id=transfer_id(row["transaction_id"], row["leg"]),
        transaction_id=row["transaction_id"],
        seq=row["seq"],
        kind=row["kind"],
        hold_id=row["hold_id"],
        direction=row["direction"],
        counterparty=row["counterparty"],
        amount=str(int(row["amount"])),
        code=row["code"],
        booking_date=row["booking_date"],
        value_date=row["value_date"],
        effective_at=row["effective_at"],
        recorded_at=row["recorded_at"],
    )


def _transaction(
    rows: "list[asyncpg.Record]", taken: "list[asyncpg.Record]"
) -> schemas.Transaction:
    """A transaction from its joined rows, and from what reversals took back of it."""
    first = rows[0]
    amounts = {(first["transaction_id"], row["leg"]): row["amount"] for row in taken}
    original = original_of(rows, {leg: int(amount) for leg, amount in amounts.items() if amount})
    content = {} if first["content"] is None else msgspec.json.decode(first["content"])
    return schemas.Transaction(
        id=first["transaction_id"],
        seq=first["seq"],
        effective_at=first["effective_at"],
        recorded_at=first["recorded_at"],
        postings=[
            schemas.TransactionLeg(
                transfer_id=transfer_id(row["transaction_id"], row["leg"]),
                kind=row["kind"],
                hold_id=row["hold_id"],
                debit=row["debit"],
                credit=row["credit"],
                asset=row["asset"],
                amount=str(int(row["amount"])),
                code=row["code"],
                booking_date=row["booking_date"],
                value_date=row["value_date"],
                reverses=None
                if row["original_id"] is None
                else transfer_id(row["original_id"], row["original_leg"]),
                reversible=str(leg.remaining),
            )
            for row, leg in zip(rows, original.legs, strict=True)
        ],
        metadata=content.get("metadata"),
        reason=content.get("reason"),
        reverses=next((row["original_id"] for row in rows if row["original_id"]), None),
        reversed_by=[row["reversal_id"] for row in taken if row["reversal_id"] is not None],
    )
