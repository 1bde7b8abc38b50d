"""What the declarations of the ledger's routes have in common: scopes, paths, refusals."""

from typing import Final

from bezant.kernel.errors import Refusal
from bezant.ledger import errors

READ: Final = "ledger:read"
WRITE: Final = "ledger:write"
BATCH_BYTES_MAX: Final = 16 << 20

BOOK: Final = "/v1/books/{book}"
ACCOUNT: Final = "/v1/books/{book}/accounts/{account}"
HOLD: Final = "/v1/books/{book}/holds/{hold}"
LIMIT_GROUP: Final = "/v1/books/{book}/limit-groups/{limit_group}"

OF_POSTINGS: Final[tuple[type[Refusal], ...]] = (
    errors.BookNotFound,
    errors.PersonalDataRefused,
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
    errors.HoldKept,
    errors.CodeKept,
    errors.CaptureTooLarge,
    errors.UnknownTransaction,
    errors.UnknownTransfer,
    errors.NotReversible,
    errors.NothingToReverse,
    errors.ReversalTooLarge,
    errors.ReversalTooEarly,
    errors.ImportUndated,
    errors.ImportInFuture,
    errors.ImportBeforeAccount,
    errors.ImportExpires,
    errors.TooManyPostings,
    errors.AccountingClosed,
)
NO_ACCOUNT: Final = (errors.BookNotFound, errors.AccountNotFound)
NO_HOLD: Final = (errors.BookNotFound, errors.HoldNotFound)
NO_LIMIT_GROUP: Final = (errors.BookNotFound, errors.LimitGroupNotFound)
OF_MEMBERSHIP: Final = (errors.UnknownLimitGroup, errors.LimitGroupMismatch)
OF_LANES: Final[tuple[type[Refusal], ...]] = (
    errors.LaneElsewhere,
    errors.OutcomeUnknown,
    errors.BookBehindCheckpoint,
)

POSTING_EXAMPLE: Final = {
    "debit": "world",
    "credit": "customers:42:wallet",
    "asset": "EUR",
    "amount": "1250",
    "code": "top-up",
}
