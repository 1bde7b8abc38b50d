"""Routes of accounts, their balances and their entries."""

from collections.abc import Sequence

from bezant.kernel.http import Operation, ReadOperation, WriteOperation
from bezant.kernel.pagination import InvalidCursor, Page
from bezant.ledger import errors, schemas
from bezant.ledger.api.shared import (
    ACCOUNT,
    BATCH_BYTES_MAX,
    BOOK,
    NO_ACCOUNT,
    OF_LANES,
    OF_MEMBERSHIP,
    READ,
    WRITE,
)
from bezant.ledger.handlers import (
    AccountPath,
    BookPath,
    Routes,
)


def of_account_reads(routes: Routes) -> Sequence[Operation]:
    """Reading accounts; the balance first, since it is asked for most."""
    return [
        ReadOperation(
            id="get_balance",
            path=f"{ACCOUNT}/balance",
            tag="accounts",
            summary="An account's balance, now or at any moment",
            description="`effective_at` leaves out what counts after it, `known_at` what was"
            " recorded after it.",
            scope=READ,
            has_etag=True,
            is_replicated=True,
            path_type=AccountPath,
            query_type=schemas.MomentQuery,
            answer_type=schemas.Balance,
            refusals=(*NO_ACCOUNT, errors.KnownAtInFuture),
            handler=routes.balance,
        ),
        ReadOperation(
            id="list_entries",
            path=f"{ACCOUNT}/entries",
            tag="accounts",
            summary="An account's entries, oldest first",
            description="In the order of recording; by `axis`, `from`, `to`, `effective_at` or"
            " `known_at`, in the order of an axis, as of one moment for all pages. With a filter"
            " (`code`, `metadata_key`) again in the order of recording: `from` and `to` then go"
            " with `axis=booking`, and each page looks through a bounded number of entries, so"
            " that it may be short or empty and still have a `next`.",
            scope=READ,
            is_replicated=True,
            path_type=AccountPath,
            query_type=schemas.EntriesQuery,
            answer_type=schemas.Entries,
            refusals=(*NO_ACCOUNT, errors.KnownAtInFuture, InvalidCursor),
            handler=routes.entries,
        ),
        ReadOperation(
            id="get_account",
            path=ACCOUNT,
            tag="accounts",
            summary="An account",
            scope=READ,
            has_etag=True,
            is_replicated=True,
            path_type=AccountPath,
            answer_type=schemas.Account,
            refusals=NO_ACCOUNT,
            handler=routes.account,
        ),
        ReadOperation(
            id="list_accounts",
            path=f"{BOOK}/accounts",
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


def of_account_changes(routes: Routes) -> Sequence[Operation]:
    """Opening and changing accounts."""
    return [
        WriteOperation(
            id="open_account",
            path=f"{BOOK}/accounts",
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
                *OF_MEMBERSHIP,
                errors.ImportInFuture,
                *OF_LANES,
            ),
            handler=routes.open_account,
        ),
        WriteOperation(
            id="change_account",
            method="PATCH",
            path=ACCOUNT,
            tag="accounts",
            summary="Freeze, close or open an account, or change its limits",
            scope=WRITE,
            action="account.change",
            path_type=AccountPath,
            body_type=schemas.AccountChange,
            example={"status": "frozen"},
            answer_type=schemas.Account,
            refusals=(
                *NO_ACCOUNT,
                errors.AccountNotEmpty,
                errors.LimitsBroken,
                errors.LimitsContradict,
                *OF_MEMBERSHIP,
                *OF_LANES,
            ),
            handler=routes.change_account,
        ),
    ]


def of_account_batches(routes: Routes) -> Sequence[Operation]:
    """Opening many accounts at once."""
    return [
        WriteOperation(
            id="open_accounts",
            path=f"{BOOK}/account-batches",
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
            refusals=(errors.BookNotFound, *OF_LANES),
            handler=routes.open_accounts,
        ),
    ]
