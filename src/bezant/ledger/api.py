"""The ledger's routes: what each takes, answers and declines."""

from collections.abc import Sequence
from typing import Final

from bezant.kernel.errors import Refusal
from bezant.kernel.http import Operation, ReadOperation, WriteOperation
from bezant.kernel.pagination import InvalidCursor, Page
from bezant.ledger import errors, schemas
from bezant.ledger.handlers import (
    AccountPath,
    BookPath,
    HoldPath,
    LimitGroupPath,
    Routes,
    TransactionPath,
)
from bezant.ledger.service import Ledger

READ: Final = "ledger:read"
WRITE: Final = "ledger:write"
BATCH_BYTES_MAX: Final = 16 << 20

_BOOK: Final = "/v1/books/{book}"
_ACCOUNT: Final = "/v1/books/{book}/accounts/{account}"
_HOLD: Final = "/v1/books/{book}/holds/{hold}"
_LIMIT_GROUP: Final = "/v1/books/{book}/limit-groups/{limit_group}"

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
    errors.TransactionIdRefused,
    errors.NotPending,
    errors.ExpiryOutOfRange,
    errors.UnknownHold,
    errors.HoldNotOpen,
    errors.CaptureTooLarge,
    errors.ImportUndated,
    errors.ImportInFuture,
    errors.ImportBeforeAccount,
    errors.ImportExpires,
    errors.TooManyPostings,
)
_NO_ACCOUNT: Final = (errors.BookNotFound, errors.AccountNotFound)
_NO_HOLD: Final = (errors.BookNotFound, errors.HoldNotFound)
_NO_LIMIT_GROUP: Final = (errors.BookNotFound, errors.LimitGroupNotFound)
_OF_MEMBERSHIP: Final = (errors.UnknownLimitGroup, errors.LimitGroupMismatch)
_OF_LANES: Final[tuple[type[Refusal], ...]] = (errors.LaneElsewhere, errors.OutcomeUnknown)

_POSTING_EXAMPLE: Final = {
    "debit": "world",
    "credit": "customers:42:wallet",
    "asset": "EUR",
    "amount": "1250",
    "code": "top-up",
}


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The ledger's operations, the busiest first: routing tries them in order."""
    routes = Routes(ledger)
    return [
        *_transactions(routes),
        *_account_reads(routes),
        *_holds(routes),
        *_account_changes(routes),
        *_account_batches(routes),
        *_limit_groups(routes),
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
            description="The results are in the items' order. An item's `id` makes it idempotent."
            " A chain of `linked` items stands or falls together.",
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
                *_OF_MEMBERSHIP,
                errors.ImportInFuture,
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
                *_OF_MEMBERSHIP,
                *_OF_LANES,
            ),
            handler=routes.change_account,
        ),
    ]


def _account_batches(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="open_accounts",
            path=f"{_BOOK}/account-batches",
            tag="accounts",
            summary="Open many accounts, each by itself",
            description="The results are in the items' order. A chain of `linked` items stands or"
            " falls together.",
            scope=WRITE,
            action="account.open_batch",
            path_type=BookPath,
            body_type=schemas.NewAccounts,
            body_bytes_max=BATCH_BYTES_MAX,
            example={
                "accounts": [{"id": "customers:43:wallet", "asset": "EUR", "type": "liability"}]
            },
            answer_type=schemas.AccountResults,
            refusals=(errors.BookNotFound, *_OF_LANES),
            handler=routes.open_accounts,
        ),
    ]


def _holds(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="capture_hold",
            path=f"{_HOLD}/capture",
            tag="holds",
            summary="Capture a hold, in full or in part",
            description="What is left can be captured later, unless `release` gives it back.",
            scope=WRITE,
            action="hold.capture",
            path_type=HoldPath,
            body_type=schemas.CaptureOfHold,
            example={"amount": "900"},
            answer_type=schemas.SettledHold,
            refusals=(
                *_NO_HOLD,
                errors.HoldNotOpen,
                errors.CaptureTooLarge,
                errors.AccountFrozen,
                errors.AccountClosed,
                *_OF_LANES,
            ),
            handler=routes.capture_hold,
        ),
        WriteOperation(
            id="void_hold",
            path=f"{_HOLD}/void",
            tag="holds",
            summary="Void a hold, or every open hold of its group",
            scope=WRITE,
            action="hold.void",
            path_type=HoldPath,
            body_type=schemas.VoidOfHold,
            example={"group": False},
            answer_type=schemas.SettledHold,
            refusals=(*_NO_HOLD, errors.HoldNotOpen, errors.TooManyPostings, *_OF_LANES),
            handler=routes.void_hold,
        ),
        ReadOperation(
            id="get_hold",
            path=_HOLD,
            tag="holds",
            summary="A hold",
            scope=READ,
            is_replicated=True,
            path_type=HoldPath,
            answer_type=schemas.Hold,
            refusals=_NO_HOLD,
            handler=routes.hold,
        ),
    ]


def _limit_groups(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="open_limit_group",
            path=f"{_BOOK}/limit-groups",
            tag="limit groups",
            summary="Open a joint limit",
            description="Accounts count towards it once they name it as their `limit_group`.",
            scope=WRITE,
            action="limit_group.open",
            path_type=BookPath,
            body_type=schemas.NewLimitGroup,
            example={
                "id": "customers:42",
                "asset": "EUR",
                "type": "liability",
                "limits": {"overdraft": "50000"},
            },
            status=201,
            answer_type=schemas.LimitGroup,
            refusals=(
                errors.BookNotFound,
                errors.LimitGroupExists,
                errors.UnknownAsset,
                errors.LimitsBroken,
                errors.LimitsContradict,
                *_OF_LANES,
            ),
            handler=routes.open_limit_group,
        ),
        WriteOperation(
            id="change_limit_group",
            method="PATCH",
            path=_LIMIT_GROUP,
            tag="limit groups",
            summary="Change a joint limit",
            scope=WRITE,
            action="limit_group.change",
            path_type=LimitGroupPath,
            body_type=schemas.LimitGroupChange,
            example={"limits": {"overdraft": "0"}},
            answer_type=schemas.LimitGroup,
            refusals=(
                *_NO_LIMIT_GROUP,
                errors.LimitsBroken,
                errors.LimitsContradict,
                *_OF_LANES,
            ),
            handler=routes.change_limit_group,
        ),
        ReadOperation(
            id="get_limit_group",
            path=_LIMIT_GROUP,
            tag="limit groups",
            summary="A joint limit and the sums that it bounds",
            scope=READ,
            is_replicated=True,
            path_type=LimitGroupPath,
            answer_type=schemas.LimitGroup,
            refusals=_NO_LIMIT_GROUP,
            handler=routes.limit_group,
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
