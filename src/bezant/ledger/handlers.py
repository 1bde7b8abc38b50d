"""The handlers of the ledger's routes: each passes a decoded request to its use case."""

import re
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct

from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Reading, Writing
from bezant.kernel.pagination import UUID_POSITION, Page, turn_page
from bezant.ledger import schemas
from bezant.ledger.history import Axis
from bezant.ledger.past import DATED_POSITION, Asked
from bezant.ledger.service import Ledger

_ACCOUNT_POSITION: Final = re.compile(r"[A-Za-z0-9:._@-]{1,128}")
_ENTRY_POSITION: Final = re.compile(r"[0-9]{1,18}\.(?:[0-9]{1,4}|[12][0-9]{4})")


class BookPath(Struct, frozen=True):
    """A book."""

    book: UUID


class AccountPath(BookPath, frozen=True):
    """An account of a book."""

    account: schemas.AccountId


class TransactionPath(BookPath, frozen=True):
    """A transaction of a book."""

    transaction: UUID


class HoldPath(BookPath, frozen=True):
    """A hold of a book."""

    hold: UUID


class LimitGroupPath(BookPath, frozen=True):
    """A limit group of a book."""

    limit_group: schemas.AccountId


class Routes:
    """Each is named for the use case that it asks for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def create_book(self, asked: Writing[Nothing, schemas.NewBook]) -> Answer:
        """`POST /v1/books`."""
        return await self._ledger.create_book(asked.call, asked.body)

    async def books(self, asked: Reading[Nothing, Page]) -> schemas.Books:
        """`GET /v1/books`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            "/v1/books",
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._ledger.books(tenant_id, after=after, limit=limit),
        )

    async def book(self, asked: Reading[BookPath, Nothing]) -> Raw:
        """`GET /v1/books/{book}`."""
        return await self._ledger.rendered_book(asked.principal.tenant_id, asked.path.book)

    async def open_account(self, asked: Writing[BookPath, schemas.NewAccount]) -> Answer:
        """`POST …/accounts`."""
        return await self._ledger.open_account(asked.call, asked.path.book, asked.body)

    async def open_accounts(self, asked: Writing[BookPath, schemas.NewAccounts]) -> Answer:
        """`POST …/account-batches`."""
        return await self._ledger.open_accounts(asked.call, asked.path.book, asked.body)

    async def accounts(self, asked: Reading[BookPath, Page]) -> schemas.Accounts:
        """`GET …/accounts`."""
        tenant_id, book_id = asked.principal.tenant_id, asked.path.book
        return await turn_page(
            f"/v1/books/{book_id}/accounts",
            asked.query,
            _ACCOUNT_POSITION,
            lambda after, limit: self._ledger.accounts(
                tenant_id, book_id, after=after, limit=limit, read_after=asked.read_after
            ),
        )

    async def account(self, asked: Reading[AccountPath, Nothing]) -> Raw:
        """`GET …/accounts/{account}`."""
        return await self._ledger.rendered_account(
            asked.principal.tenant_id,
            asked.path.book,
            asked.path.account,
            read_after=asked.read_after,
        )

    async def change_account(self, asked: Writing[AccountPath, schemas.AccountChange]) -> Answer:
        """`PATCH …/accounts/{account}`."""
        return await self._ledger.change_account(
            asked.call, asked.path.book, asked.path.account, asked.body
        )

    async def balance(
        self, asked: Reading[AccountPath, schemas.MomentQuery]
    ) -> Raw | schemas.Balance:
        """`GET …/accounts/{account}/balance`."""
        effective_at, known_at = asked.query.moment
        if effective_at is not None or known_at is not None:
            return await self._ledger.past.balance(
                asked.principal.tenant_id,
                asked.path.book,
                asked.path.account,
                effective_at=effective_at,
                known_at=known_at,
                read_after=asked.read_after,
            )
        return await self._ledger.rendered_balance(
            asked.principal.tenant_id,
            asked.path.book,
            asked.path.account,
            read_after=asked.read_after,
        )

    async def entries(self, asked: Reading[AccountPath, schemas.EntriesQuery]) -> schemas.Entries:
        """`GET …/accounts/{account}/entries`."""
        if asked.query.filter is not None:
            return await self._matching_entries(asked, asked.query.filter)
        if asked.query.is_dated:
            return await self._dated_entries(asked)
        tenant_id, book_id, account_id = (
            asked.principal.tenant_id,
            asked.path.book,
            asked.path.account,
        )
        return await turn_page(
            f"/v1/books/{book_id}/accounts/{account_id}/entries",
            asked.query,
            _ENTRY_POSITION,
            lambda after, limit: self._ledger.entries(
                tenant_id,
                book_id,
                account_id,
                cursor=after,
                limit=limit,
                read_after=asked.read_after,
            ),
        )

    async def _matching_entries(
        self, asked: Reading[AccountPath, schemas.EntriesQuery], wanted: schemas.EntryFilter
    ) -> schemas.Entries:
        call = asked.call("entries.search", purpose="asked for by metadata")
        return await turn_page(
            f"{asked.resource}?{wanted}",
            asked.query,
            _ENTRY_POSITION,
            lambda after, limit: self._ledger.statements.entries(
                call,
                asked.path.book,
                asked.path.account,
                wanted,
                after=after,
                limit=limit,
                read_after=asked.read_after,
            ),
        )

    async def _dated_entries(
        self, asked: Reading[AccountPath, schemas.EntriesQuery]
    ) -> schemas.Entries:
        query = asked.query
        axis = Axis.EFFECTIVE if query.axis is None else Axis(query.axis)
        wanted = Asked(axis, *query.bounds(), schemas.read_instant(query.known_at, "known_at"))
        return await turn_page(
            f"/v1/books/{asked.path.book}/accounts/{asked.path.account}/entries?{wanted}",
            query,
            DATED_POSITION,
            lambda after, limit: self._ledger.past.entries(
                asked.principal.tenant_id,
                asked.path.book,
                asked.path.account,
                wanted,
                after=after,
                limit=limit,
                read_after=asked.read_after,
            ),
        )

    async def post(self, asked: Writing[BookPath, schemas.NewTransaction]) -> Answer:
        """`POST …/transactions`."""
        return await self._ledger.post(asked.call, asked.path.book, asked.body)

    async def post_batch(self, asked: Writing[BookPath, schemas.NewBatch]) -> Answer:
        """`POST …/transactions/batch`."""
        return await self._ledger.post_batch(asked.call, asked.path.book, asked.body)

    async def hold(self, asked: Reading[HoldPath, Nothing]) -> schemas.Hold:
        """`GET …/holds/{hold}`."""
        return await self._ledger.hold(
            asked.principal.tenant_id,
            asked.path.book,
            asked.path.hold,
            read_after=asked.read_after,
        )

    async def capture_hold(self, asked: Writing[HoldPath, schemas.CaptureOfHold]) -> Answer:
        """`POST …/holds/{hold}/capture`."""
        return await self._ledger.capture_hold(
            asked.call, asked.path.book, asked.path.hold, asked.body
        )

    async def void_hold(self, asked: Writing[HoldPath, schemas.VoidOfHold]) -> Answer:
        """`POST …/holds/{hold}/void`."""
        return await self._ledger.void_hold(
            asked.call, asked.path.book, asked.path.hold, asked.body
        )

    async def open_limit_group(self, asked: Writing[BookPath, schemas.NewLimitGroup]) -> Answer:
        """`POST …/limit-groups`."""
        return await self._ledger.open_limit_group(asked.call, asked.path.book, asked.body)

    async def limit_group(self, asked: Reading[LimitGroupPath, Nothing]) -> schemas.LimitGroup:
        """`GET …/limit-groups/{limit_group}`."""
        return await self._ledger.limit_group(
            asked.principal.tenant_id,
            asked.path.book,
            asked.path.limit_group,
            read_after=asked.read_after,
        )

    async def change_limit_group(
        self, asked: Writing[LimitGroupPath, schemas.LimitGroupChange]
    ) -> Answer:
        """`PATCH …/limit-groups/{limit_group}`."""
        return await self._ledger.change_limit_group(
            asked.call, asked.path.book, asked.path.limit_group, asked.body
        )

    async def transaction(self, asked: Reading[TransactionPath, Nothing]) -> schemas.Transaction:
        """`GET …/transactions/{transaction}`."""
        return await self._ledger.disclose_transaction(
            asked.call("transaction.read", purpose="asked for by its id"),
            asked.path.book,
            asked.path.transaction,
            read_after=asked.read_after,
        )
