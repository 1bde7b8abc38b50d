"""What may be asked of the ledger without changing anything."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from bezant.kernel import audit
from bezant.kernel.cache import Cache
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, Replica
from bezant.ledger import schemas
from bezant.ledger.balance_cache import ACCOUNT, BALANCE, CachedAccounts, View
from bezant.ledger.book_cache import CachedBooks
from bezant.ledger.feed import Events, Follower, Tail, find_heads
from bezant.ledger.queries import BookReader, Queries


class LedgerReads:
    """Reads of the present, and of the feed.

    They raise `NotFound` for what is unknown or another tenant's. `read_after` is the `seq` of a
    book that must be seen: with it a replica may answer.

    Args:
        database: connected as the application's role.
        replica: answers reads whose callers say what they must see; None where there is none.
        cache: in front of books; None reads them from the database.
    """

    def __init__(
        self, database: Database, clock: Clock, replica: Replica | None, cache: Cache | None
    ) -> None:
        self._database = database
        self._clock = clock
        self._queries = Queries(database)
        self._reader = BookReader(database, replica)
        self._has_replica = replica is not None
        self._cached_books = None if cache is None else CachedBooks(cache)
        self._cached_accounts: CachedAccounts | None = None
        self._tail = Tail(database, clock, self._page_of_feed)

    @property
    def reader(self) -> BookReader:
        """Where the ledger's rooms read a book."""
        return self._reader

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
        """`GET …/accounts`."""
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
