"""The ledger's routes: what each takes, answers and declines, and the use case behind it."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import errors, schemas
from bezant.ledger.service import Ledger

READ: Final = "ledger:read"
WRITE: Final = "ledger:write"
BATCH_BYTES_MAX: Final = 16 << 20

_BOOK: Final = "/v1/books/{book}"
_ACCOUNT: Final = "/v1/books/{book}/accounts/{account}"

_ACCOUNT_POSITION: Final = re.compile(r"[A-Za-z0-9:._@-]{1,128}")
_ENTRY_POSITION: Final = re.compile(r"[0-9]{1,18}\.[0-9]{1,4}")

_OF_POSTINGS: Final[tuple[type[Refusal], ...]] = (
    errors.BookNotFound,
    errors.UnknownAccount,
    errors.UnknownAsset,
    errors.AssetMismatch,
    errors.SameAccount,
    errors.AccountFrozen,
    errors.AccountClosed,
    errors.OverdraftExceeded,
    errors.MaximumExceeded,
    errors.BalanceOverflow,
    errors.TransactionIdReused,
)
_NO_ACCOUNT: Final = (errors.BookNotFound, errors.AccountNotFound)
_OF_LANES: Final[tuple[type[Refusal], ...]] = (errors.LaneElsewhere, errors.OutcomeUnknown)

_POSTING_EXAMPLE: Final = {
    "debit": "world",
    "credit": "customers:42:wallet",
    "asset": "EUR",
    "amount": "1250",
    "code": "top-up",
}


class BookPath(Struct, frozen=True):
    """A book."""

    book: UUID


class AccountPath(BookPath, frozen=True):
    """An account of a book."""

    account: schemas.AccountId


class TransactionPath(BookPath, frozen=True):
    """A transaction of a book."""

    transaction: UUID


class Routes:
    """The handlers: each passes a decoded request to the use case that it is named for."""

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

    async def book(self, asked: Reading[BookPath, Nothing]) -> schemas.Book:
        """`GET /v1/books/{book}`."""
        return await self._ledger.book(asked.principal.tenant_id, asked.path.book)

    async def open_account(self, asked: Writing[BookPath, schemas.NewAccount]) -> Answer:
        """`POST …/accounts`."""
        return await self._ledger.open_account(asked.call, asked.path.book, asked.body)

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

    async def account(self, asked: Reading[AccountPath, Nothing]) -> schemas.Account:
        """`GET …/accounts/{account}`."""
        return await self._ledger.account(
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

    async def balance(self, asked: Reading[AccountPath, Nothing]) -> Raw:
        """`GET …/accounts/{account}/balance`."""
        return await self._ledger.rendered_balance(
            asked.principal.tenant_id,
            asked.path.book,
            asked.path.account,
            read_after=asked.read_after,
        )

    async def entries(self, asked: Reading[AccountPath, Page]) -> schemas.Entries:
        """`GET …/accounts/{account}/entries`."""
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

    async def post(self, asked: Writing[BookPath, schemas.NewTransaction]) -> Answer:
        """`POST …/transactions`."""
        return await self._ledger.post(asked.call, asked.path.book, asked.body)

    async def post_batch(self, asked: Writing[BookPath, schemas.NewBatch]) -> Answer:
        """`POST …/transactions/batch`."""
        return await self._ledger.post_batch(asked.call, asked.path.book, asked.body)

    async def transaction(self, asked: Reading[TransactionPath, Nothing]) -> schemas.Transaction:
        """`GET …/transactions/{transaction}`."""
        return await self._ledger.disclose_transaction(
            asked.call("transaction.read", purpose="asked for by its id"),
            asked.path.book,
            asked.path.transaction,
            read_after=asked.read_after,
        )


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The ledger's operations, the busiest first: routing tries them in order."""
    routes = Routes(ledger)
    return [
        *_transactions(routes),
        *_account_reads(routes),
        *_account_changes(routes),
        *_books(routes),
    ]


def _transactions(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="post_transaction",
            path=f"{_BOOK}/transactions",
            tag="transactions",
            summary="Post a transaction",
            scope=WRITE,
            action="transaction.post",
            path_type=BookPath,
            body_type=schemas.NewTransaction,
            example={"postings": [_POSTING_EXAMPLE], "metadata": {"invoice": "2031"}},
            description="With `dry_run`, 200 and what would be posted; nothing is.",
            status=201,
            answer_type=schemas.PostedTransaction,
            other_answers={200: schemas.PostedTransaction},
            refusals=(*_OF_POSTINGS, *_OF_LANES),
            handler=routes.post,
        ),
        WriteOperation(
            id="post_batch",
            path=f"{_BOOK}/transactions/batch",
            tag="transactions",
            summary="Post many transactions, each by itself",
            description="The results are in the items' order. An item's `id` makes it idempotent.",
            scope=WRITE,
            action="transaction.post_batch",
            path_type=BookPath,
            body_type=schemas.NewBatch,
            body_bytes_max=BATCH_BYTES_MAX,
            example={
                "transactions": [
                    {
                        "id": "01980000-0000-7000-8000-000000000001",
                        "postings": [_POSTING_EXAMPLE],
                    }
                ]
            },
            answer_type=schemas.BatchResults,
            refusals=(errors.BookNotFound, errors.TooManyPostings, *_OF_LANES),
            handler=routes.post_batch,
        ),
        ReadOperation(
            id="get_transaction",
            path=f"{_BOOK}/transactions/{{transaction}}",
            tag="transactions",
            summary="A recorded transaction",
            scope=READ,
            has_etag=True,
            is_replicated=True,
            path_type=TransactionPath,
            answer_type=schemas.Transaction,
            refusals=(errors.BookNotFound, errors.TransactionNotFound),
            handler=routes.transaction,
        ),
    ]


def _account_reads(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="get_balance",
            path=f"{_ACCOUNT}/balance",
            tag="accounts",
            summary="An account's balance",
            scope=READ,
            has_etag=True,
            is_replicated=True,
            path_type=AccountPath,
            answer_type=schemas.Balance,
            refusals=_NO_ACCOUNT,
            handler=routes.balance,
        ),
        ReadOperation(
            id="list_entries",
            path=f"{_ACCOUNT}/entries",
            tag="accounts",
            summary="An account's entries, oldest first",
            scope=READ,
            is_replicated=True,
            path_type=AccountPath,
            query_type=Page,
            answer_type=schemas.Entries,
            refusals=(*_NO_ACCOUNT, InvalidCursor),
            handler=routes.entries,
        ),
        ReadOperation(
            id="get_account",
            path=_ACCOUNT,
            tag="accounts",
            summary="An account",
            scope=READ,
            has_etag=True,
            is_replicated=True,
            path_type=AccountPath,
            answer_type=schemas.Account,
            refusals=_NO_ACCOUNT,
            handler=routes.account,
        ),
        ReadOperation(
            id="list_accounts",
            path=f"{_BOOK}/accounts",
            tag="accounts",
            summary="A book's accounts, by identifier",
            scope=READ,
            is_replicated=True,
            path_type=BookPath,
            query_type=Page,
            answer_type=schemas.Accounts,
            refusals=(errors.BookNotFound, InvalidCursor),
            handler=routes.accounts,
        ),
    ]


def _account_changes(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="open_account",
            path=f"{_BOOK}/accounts",
            tag="accounts",
            summary="Open an account",
            scope=WRITE,
            action="account.open",
            path_type=BookPath,
            body_type=schemas.NewAccount,
            example={
                "id": "customers:42:wallet",
                "asset": "EUR",
                "type": "liability",
                "limits": {"overdraft": "0"},
            },
            status=201,
            answer_type=schemas.Account,
            refusals=(
                errors.BookNotFound,
                errors.AccountExists,
                errors.UnknownAsset,
                errors.LimitsBroken,
                errors.LimitsContradict,
                *_OF_LANES,
            ),
            handler=routes.open_account,
        ),
        WriteOperation(
            id="change_account",
            method="PATCH",
            path=_ACCOUNT,
            tag="accounts",
            summary="Freeze, close or open an account, or change its limits",
            scope=WRITE,
            action="account.change",
            path_type=AccountPath,
            body_type=schemas.AccountChange,
            example={"status": "frozen"},
            answer_type=schemas.Account,
            refusals=(
                *_NO_ACCOUNT,
                errors.AccountNotEmpty,
                errors.LimitsBroken,
                errors.LimitsContradict,
                *_OF_LANES,
            ),
            handler=routes.change_account,
        ),
    ]


def _books(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_book",
            path="/v1/books",
            tag="books",
            summary="Create a book",
            scope=WRITE,
            action="book.create",
            body_type=schemas.NewBook,
            example={
                "name": "Customer money",
                "time_zone": "Europe/Paris",
                "assets": [{"code": "EUR", "scale": 2}],
            },
            status=201,
            answer_type=schemas.Book,
            refusals=(errors.AssetRepeated, errors.UnknownTimeZone),
            handler=routes.create_book,
        ),
        ReadOperation(
            id="list_books",
            path="/v1/books",
            tag="books",
            summary="Your books, oldest first",
            scope=READ,
            query_type=Page,
            answer_type=schemas.Books,
            refusals=(InvalidCursor,),
            handler=routes.books,
        ),
        ReadOperation(
            id="get_book",
            path=_BOOK,
            tag="books",
            summary="A book",
            scope=READ,
            has_etag=True,
            path_type=BookPath,
            answer_type=schemas.Book,
            refusals=(errors.BookNotFound,),
            handler=routes.book,
        ),
    ]
