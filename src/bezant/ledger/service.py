"""The ledger's use cases."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel import audit, idempotency
from bezant.kernel.cache import Cache
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock, SystemClock
from bezant.kernel.database import Database, Replica
from bezant.kernel.ids import Ids, TimeOrderedIds
from bezant.ledger import schemas, store
from bezant.ledger.accounts import ChangeAccount, OpenAccount, OpenAccounts
from bezant.ledger.balance_cache import (
    ACCOUNT,
    BALANCE,
    BalanceEntries,
    CachedAccounts,
    Claims,
    Domain,
    View,
)
from bezant.ledger.book_cache import CachedBooks
from bezant.ledger.books import create_book
from bezant.ledger.errors import TooManyPostings
from bezant.ledger.feed import Events, Follower, Tail, find_heads
from bezant.ledger.fx.service import Currencies
from bezant.ledger.holds import CaptureHold, VoidHold
from bezant.ledger.lane import Gatekeeper, JointRider, Lanes, Rider
from bezant.ledger.limit_groups import ChangeLimitGroup, OpenLimitGroup
from bezant.ledger.past import Past
from bezant.ledger.posting import PostBatch, PostTransaction
from bezant.ledger.queries import BookReader, Queries
from bezant.ledger.statements import Statements

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

BATCH_POSTINGS_MAX: Final = 2 * schemas.BATCH_TRANSACTIONS_MAX
"""Postings in one request: a batch may be full of two-legged transactions."""


class Ledger:
    """What other parts of the platform may ask of the ledger.

    Writes take a `Call` and return an `Answer`: rendered once, stored under the call's idempotency
    key within the same commit, and replayed byte for byte. Reads raise `NotFound` for what is
    unknown or another tenant's.

    Args:
        database: connected as the application's role.
        run_folder: where this process listens for others of its machine; short, and closed to other
            users.
        replica: answers reads whose callers say what they must see; None where there is none.
        cache: in front of books, accounts and balances; None reads them from the database.
        gatekeeper: asked before this process begins to write a book; None lets every book be.

    Attributes:
        fx: rates, quotes, conversions and revaluations.
        statements: of accounts, and filtered lists of their entries.
        past: reads of moments gone by.
    """

    def __init__(
        self,
        database: Database,
        run_folder: Path,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        replica: Replica | None = None,
        cache: Cache | None = None,
        gatekeeper: Gatekeeper | None = None,
    ) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._ids = ids or TimeOrderedIds()
        self._queries = Queries(database)
        self._reader = BookReader(database, replica)
        self._has_replica = replica is not None
        self.statements = Statements(database, self._clock, self._reader)
        self.past = Past(self._reader, self._clock)
        self._tail = Tail(database, self._clock, self._page_of_feed)
        domain = Domain(
            run_folder, self._ids, publisher=None if cache is None else BalanceEntries(cache)
        )
        self._lanes = Lanes(
            database,
            self._clock,
            self._ids,
            run_folder,
            domain,
            grew=self._tail.grew,
            gatekeeper=gatekeeper,
        )
        self._cached_books = None if cache is None else CachedBooks(cache)
        self._cached_accounts = (
            None if cache is None else CachedAccounts(database, cache, Claims(domain), self._lanes)
        )
        self.fx = Currencies(database, self._clock, self._ids, self.submit)

    @property
    def reader(self) -> BookReader:
        """Where the ledger's rooms read a book."""
        return self._reader

    async def write_once(
        self,
        call: Call,
        work: "Callable[[PoolConnectionProxy[asyncpg.Record]], Awaitable[Answer]]",
    ) -> Answer:
        """Do what needs no lane, in a transaction with its idempotency record and audit entry.

        Raises:
            Unavailable: a repeat with the same key is safe.
        """
        return await idempotency.once(self._database, self._clock, call, work)

    def now(self) -> datetime:
        """The present."""
        return self._clock.now()

    async def start(self) -> None:
        """Take part in carrying out what is sent to any process of the machine."""
        await self._lanes.start()

    async def close(self) -> None:
        """Finish what was taken."""
        if self._cached_accounts is not None:
            await self._cached_accounts.close()
        await self._lanes.close()

    async def submit(self, call: Call, book_id: UUID, rider: Rider) -> Answer:
        """Have a rider carried out in a book's lane, in one commit with its postings.

        Raises:
            BookNotFound: the tenant has no such book.
            Busy: too much waits for the book.
            Unavailable: nothing was done, or a repeat with the same key is safe and tells.
        """
        return await self._lanes.submit(call.tenant_id, book_id, rider, call)

    async def submit_jointly(self, call: Call, rider: JointRider) -> Answer:
        """Have a rider carried out in several books of the tenant, in one commit.

        Raises:
            BookNotFound: the tenant lacks one of the books.
            Unavailable: nothing was done, or a repeat with the same key is safe and tells.
        """
        return await self._lanes.submit_jointly(call.tenant_id, rider, call)

    async def expire_holds(self) -> None:
        """Have quiet books give back holds that are over; it is done every second by itself.

        Raises:
            DatabaseUnavailable: nothing can be done now.
        """
        await self._lanes.expire_holds()

    async def remove_old_refusals(self, tenant_id: UUID, before: datetime, limit: int) -> int:
        """Let some ids that were refused before an instant be used again; how many they were.

        Raises:
            Unavailable: the database cannot be asked.
        """
        return await self._database.remove(store.DELETE_REFUSED, tenant_id, before, limit)

    async def create_book(self, call: Call, new: schemas.NewBook) -> Answer:
        """`POST /v1/books` -> 201 `Book`."""
        return await create_book(self._database, self._clock, self._ids, call, new)

    async def open_account(self, call: Call, book_id: UUID, new: schemas.NewAccount) -> Answer:
        """`POST …/accounts` -> 201 `Account`."""
        return await self.submit(call, book_id, OpenAccount(new))

    async def open_accounts(self, call: Call, book_id: UUID, new: schemas.NewAccounts) -> Answer:
        """`POST …/account-batches` -> 200 `AccountResults`."""
        return await self.submit(call, book_id, OpenAccounts(new))

    async def open_limit_group(
        self, call: Call, book_id: UUID, new: schemas.NewLimitGroup
    ) -> Answer:
        """`POST …/limit-groups` -> 201 `LimitGroup`."""
        return await self.submit(call, book_id, OpenLimitGroup(new))

    async def change_limit_group(
        self, call: Call, book_id: UUID, group_id: str, change: schemas.LimitGroupChange
    ) -> Answer:
        """`PATCH …/limit-groups/{id}` -> 200 `LimitGroup`."""
        return await self.submit(call, book_id, ChangeLimitGroup(group_id, change))

    async def capture_hold(
        self, call: Call, book_id: UUID, hold_id: UUID, asked: schemas.CaptureOfHold
    ) -> Answer:
        """`POST …/holds/{id}/capture` -> 200 `SettledHold`."""
        return await self.submit(call, book_id, CaptureHold(hold_id, asked))

    async def void_hold(
        self, call: Call, book_id: UUID, hold_id: UUID, asked: schemas.VoidOfHold
    ) -> Answer:
        """`POST …/holds/{id}/void` -> 200 `SettledHold`."""
        return await self.submit(call, book_id, VoidHold(hold_id, asked))

    async def change_account(
        self, call: Call, book_id: UUID, account_id: str, change: schemas.AccountChange
    ) -> Answer:
        """`PATCH …/accounts/{id}` -> 200 `Account`."""
        return await self.submit(call, book_id, ChangeAccount(account_id, change))

    async def post(self, call: Call, book_id: UUID, new: schemas.NewTransaction) -> Answer:
        """`POST …/transactions` -> 201 `PostedTransaction`; 200 for a dry run.

        Raises:
            TooManyPostings: more legs than `BATCH_POSTINGS_MAX`.
        """
        rider = PostTransaction(new)
        _check_weight(rider.weight, None)
        return await self.submit(call, book_id, rider)

    async def post_batch(self, call: Call, book_id: UUID, batch: schemas.NewBatch) -> Answer:
        """`POST …/transactions/batch` -> 200 `BatchResults`.

        Raises:
            TooManyPostings: more than `BATCH_POSTINGS_MAX` over all items.
        """
        rider = PostBatch(batch)
        _check_weight(rider.weight, "transactions")
        return await self.submit(call, book_id, rider)

    async def books(self, tenant_id: UUID, *, after: str | None, limit: int) -> schemas.Books:
        """`GET /v1/books`."""
        return await self._queries.books(tenant_id, after=after, limit=limit)

    async def book(self, tenant_id: UUID, book_id: UUID) -> schemas.Book:
        """`GET /v1/books/{book}`."""
        return msgspec.json.decode(await self.rendered_book(tenant_id, book_id), type=schemas.Book)

    async def rendered_book(self, tenant_id: UUID, book_id: UUID) -> msgspec.Raw:
        """The same as JSON, as the cache may have it."""
        if self._cached_books is None:
            return msgspec.Raw(msgspec.json.encode(await self._queries.book(tenant_id, book_id)))
        return msgspec.Raw(
            await self._cached_books.read(
                tenant_id, book_id, lambda: self._queries.book(tenant_id, book_id)
            )
        )

    async def accounts(
        self,
        tenant_id: UUID,
        book_id: UUID,
        *,
        after: str | None,
        limit: int,
        read_after: int | None = None,
    ) -> schemas.Accounts:
        """`GET …/accounts`. `read_after`, here and below: the `seq` that must be seen."""
        return await self._reader.read(
            tenant_id,
            book_id,
            read_after,
            lambda queries: queries.accounts(tenant_id, book_id, after=after, limit=limit),
        )

    async def account(
        self, tenant_id: UUID, book_id: UUID, account_id: str, *, read_after: int | None = None
    ) -> schemas.Account:
        """`GET …/accounts/{id}`."""
        rendered = await self.rendered_account(
            tenant_id, book_id, account_id, read_after=read_after
        )
        return msgspec.json.decode(rendered, type=schemas.Account)

    async def rendered_account(
        self, tenant_id: UUID, book_id: UUID, account_id: str, *, read_after: int | None = None
    ) -> msgspec.Raw:
        """The same as JSON, as the cache may have it. It answers what is certainly the newest."""
        return await self._rendered(
            (tenant_id, book_id),
            account_id,
            ACCOUNT,
            read_after,
            lambda queries: queries.account(tenant_id, book_id, account_id),
        )

    async def balance(
        self, tenant_id: UUID, book_id: UUID, account_id: str, *, read_after: int | None = None
    ) -> schemas.Balance:
        """`GET …/accounts/{id}/balance`."""
        rendered = await self.rendered_balance(
            tenant_id, book_id, account_id, read_after=read_after
        )
        return msgspec.json.decode(rendered, type=schemas.Balance)

    async def rendered_balance(
        self, tenant_id: UUID, book_id: UUID, account_id: str, *, read_after: int | None = None
    ) -> msgspec.Raw:
        """The same as JSON, as the cache may have it. It answers what is certainly the newest."""
        return await self._rendered(
            (tenant_id, book_id),
            account_id,
            BALANCE,
            read_after,
            lambda queries: queries.balance(tenant_id, book_id, account_id),
        )

    async def _rendered(
        self,
        key: tuple[UUID, UUID],
        account_id: str,
        view: View,
        read_after: int | None,
        query: Callable[[Queries], Awaitable[msgspec.Struct]],
    ) -> msgspec.Raw:
        cached = self._cached_accounts
        body = None if cached is None else await cached.read(key, account_id, view)
        if body is None and cached is not None and (read_after is None or not self._has_replica):
            body = await cached.fetch(key, account_id, view)
        if body is None:
            body = msgspec.json.encode(await self._reader.read(*key, read_after, query))
        return msgspec.Raw(body)

    async def totals(
        self, tenant_id: UUID, book_id: UUID, account_id: str, seq: int
    ) -> schemas.Totals:
        """An account's sums as they stood at a number of the book's feed, for the platform itself.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        return await self._queries.totals(tenant_id, book_id, account_id, seq)

    async def hold(
        self, tenant_id: UUID, book_id: UUID, hold_id: UUID, *, read_after: int | None = None
    ) -> schemas.Hold:
        """`GET …/holds/{id}`."""
        return await self._reader.read(
            tenant_id,
            book_id,
            read_after,
            lambda queries: queries.hold(tenant_id, book_id, hold_id),
        )

    async def limit_group(
        self, tenant_id: UUID, book_id: UUID, group_id: str, *, read_after: int | None = None
    ) -> schemas.LimitGroup:
        """`GET …/limit-groups/{id}`."""
        return await self._reader.read(
            tenant_id,
            book_id,
            read_after,
            lambda queries: queries.limit_group(tenant_id, book_id, group_id),
        )

    async def entries(
        self,
        tenant_id: UUID,
        book_id: UUID,
        account_id: str,
        *,
        cursor: str | None,
        limit: int,
        read_after: int | None = None,
    ) -> schemas.Entries:
        """`GET …/accounts/{id}/entries`."""
        return await self._reader.read(
            tenant_id,
            book_id,
            read_after,
            lambda queries: queries.entries(
                tenant_id, book_id, account_id, after=cursor, limit=limit
            ),
        )

    async def disclose_transaction(
        self, call: Call, book_id: UUID, transaction_id: UUID, *, read_after: int | None = None
    ) -> schemas.Transaction:
        """`GET …/transactions/{id}`. Metadata may identify people: reading it is audited.

        Raises:
            TransactionNotFound: the book, if there is such a book, has no such transaction.
            Unavailable: the audit log cannot be written.
        """
        found = await self.transaction(
            call.tenant_id, book_id, transaction_id, read_after=read_after
        )
        if found.metadata is not None or found.reason is not None:
            await audit.write(self._database, self._clock, call, Answer(200, b""))
        return found

    async def transaction(
        self,
        tenant_id: UUID,
        book_id: UUID,
        transaction_id: UUID,
        *,
        read_after: int | None = None,
    ) -> schemas.Transaction:
        """One transaction, for the platform itself."""
        return await self._reader.read(
            tenant_id,
            book_id,
            read_after,
            lambda queries: queries.transaction(tenant_id, book_id, transaction_id),
        )

    async def feed(
        self,
        tenant_id: UUID,
        book_id: UUID,
        after: int,
        limit: int,
        *,
        read_after: int | None = None,
    ) -> Events:
        """The events that follow `after` in a book's feed, in order and without gaps.

        Raises:
            BookNotFound: the tenant has no such book.
            FeedPositionAhead: the book has not given the number `after` yet.
            FeedBroken: history has a hole; nothing is passed over.
        """
        return await self._page_of_feed(tenant_id, book_id, after, limit, read_after)

    async def feed_heads(self, tenant_id: UUID) -> dict[UUID, int]:
        """How far the feed of each of a tenant's books goes."""
        return await find_heads(self._database, tenant_id)

    async def follow(
        self, tenant_id: UUID, book_id: UUID, after: int, *, read_after: int | None = None
    ) -> Follower:
        """A book's events from `after` on, as they come.

        Raises:
            BookNotFound: the tenant has no such book.
            FeedPositionAhead: the book has not given the number `after` yet.
        """
        return await self._tail.follow(tenant_id, book_id, after, read_after)

    async def _page_of_feed(
        self, tenant_id: UUID, book_id: UUID, after: int, limit: int, read_after: int | None
    ) -> Events:
        # A replica that is not as far as `after` has nothing to say.
        seen = None if read_after is None else max(read_after, after)
        return await self._reader.read(
            tenant_id,
            book_id,
            seen,
            lambda queries: queries.events(tenant_id, book_id, after=after, limit=limit),
        )


def _check_weight(weight: int, field: str | None) -> None:
    if weight > BATCH_POSTINGS_MAX:
        raise TooManyPostings(
            f"{weight} postings in one request; at most {BATCH_POSTINGS_MAX}.", field=field
        )
