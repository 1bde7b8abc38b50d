"""Why the ledger declines."""

from typing import Final

from bezant.kernel.errors import Conflict, Malformed, NotFound, Refusal, Unavailable


class BookNotFound(NotFound):
    """No such book, or another tenant's."""

    code, title = "BOOK_NOT_FOUND", "No such book"


class AccountNotFound(NotFound):
    """The account in the path does not exist in the book."""

    code, title = "ACCOUNT_NOT_FOUND", "No such account"


class TransactionNotFound(NotFound):
    """No transaction of the book has this id."""

    code, title = "TRANSACTION_NOT_FOUND", "No such transaction"


class KnownAtInFuture(Refusal):
    """What will be known at an instant to come cannot be told."""

    status, code, title = 422, "KNOWN_AT_IN_FUTURE", "That moment has not come yet"


class PersonalDataRefused(Refusal):
    """Metadata or a reason look like a card or account number, an e-mail or a phone number."""

    status, code, title = 422, "PERSONAL_DATA_REFUSED", "Personal data does not belong here"


class UnknownAccount(Refusal):
    """A posting names an account that the book does not have."""

    status, code, title = 422, "UNKNOWN_ACCOUNT", "A posting names an unknown account"


class UnknownAsset(Refusal):
    """The book does not count in this asset."""

    status, code, title = 422, "UNKNOWN_ASSET", "The book does not have this asset"


class UnknownTimeZone(Refusal):
    """The time zone is not in the IANA database."""

    status, code, title = 422, "UNKNOWN_TIME_ZONE", "Unknown time zone"


class AssetRepeated(Refusal):
    """The same asset code twice."""

    status, code, title = 422, "ASSET_REPEATED", "An asset is given twice"


class AssetScaleMismatch(Refusal):
    """ISO 4217 fixes the scale of this currency, and another is asked for."""

    status, code, title = 422, "ASSET_SCALE_MISMATCH", "The currency has another scale"


class AssetMismatch(Refusal):
    """The posting's asset is not the account's."""

    status, code, title = 422, "ASSET_MISMATCH", "The account holds another asset"


class SameAccount(Refusal):
    """Debit and credit are one account."""

    status, code, title = 422, "SAME_ACCOUNT", "Debit and credit are the same account"


class AccountFrozen(Refusal):
    """The account takes no postings until it is opened again."""

    status, code, title = 422, "ACCOUNT_FROZEN", "The account is frozen"


class AccountClosed(Refusal):
    """The account is closed."""

    status, code, title = 422, "ACCOUNT_CLOSED", "The account is closed"


class OverdraftExceeded(Refusal):
    """The account's available balance would fall below its overdraft or minimum."""

    status, code, title = 422, "OVERDRAFT_EXCEEDED", "Not enough is available"


class MaximumExceeded(Refusal):
    """The account would hold more than its maximum."""

    status, code, title = 422, "MAXIMUM_EXCEEDED", "The account would hold too much"


class BalanceOverflow(Refusal):
    """A sum of debits or credits, what is pending included, would pass 2^128 - 1."""

    status, code, title = 422, "BALANCE_OVERFLOW", "The total is too large"


class LimitsContradict(Refusal):
    """The limits exclude each other."""

    status, code, title = 422, "LIMITS_CONTRADICT", "The limits contradict each other"


class LimitsBroken(Conflict):
    """The balance that the account has would break the limits asked for."""

    code, title = "LIMITS_BROKEN", "The balance breaks these limits"


class AccountExists(Conflict):
    """The book has an account with this id."""

    code, title = "ACCOUNT_EXISTS", "The account exists"


class AccountNotEmpty(Conflict):
    """Only an account whose balances are zero can be closed."""

    code, title = "ACCOUNT_NOT_EMPTY", "The account is not empty"


class LimitGroupNotFound(NotFound):
    """The limit group in the path does not exist in the book."""

    code, title = "LIMIT_GROUP_NOT_FOUND", "No such limit group"


class LimitGroupExists(Conflict):
    """The book has a limit group with this id."""

    code, title = "LIMIT_GROUP_EXISTS", "The limit group exists"


class UnknownLimitGroup(Refusal):
    """The account names a limit group that the book does not have."""

    status, code, title = 422, "UNKNOWN_LIMIT_GROUP", "The account names an unknown limit group"


class LimitGroupMismatch(Refusal):
    """The account has another asset or normal direction than the group."""

    status, code, title = 422, "LIMIT_GROUP_MISMATCH", "The account does not fit the limit group"


class HoldNotFound(NotFound):
    """The hold in the path does not exist in the book."""

    code, title = "HOLD_NOT_FOUND", "No such hold"


class UnknownHold(Refusal):
    """A capture or void names a hold that the book does not have."""

    status, code, title = 422, "UNKNOWN_HOLD", "A capture or void names an unknown hold"


class HoldNotOpen(Refusal):
    """The hold was captured in full, voided, or has expired."""

    status, code, title = 422, "HOLD_NOT_OPEN", "The hold is not open"


class HoldKept(Refusal):
    """A payment's, say: what it reserves for ends it, by an operation of its own."""

    status, code, title = 422, "HOLD_KEPT", "The hold is ended by what it is for"


class CodeKept(Refusal):
    """Holds of this code are placed by payments, or others that keep them; take another code."""

    status, code, title = 422, "CODE_KEPT", "No hold is placed under this code"


class CaptureTooLarge(Refusal):
    """The capture asks for more than the hold has left."""

    status, code, title = 422, "CAPTURE_TOO_LARGE", "Capture exceeds the hold"


class NotPending(Refusal):
    """What only a hold has is asked of a posting that is not pending."""

    status, code, title = 422, "NOT_PENDING", "Only a pending posting has this"


class ExpiryOutOfRange(Refusal):
    """The hold would expire after the calendar's end."""

    status, code, title = 422, "EXPIRY_OUT_OF_RANGE", "The hold would expire too late"


class UnknownTransaction(Refusal):
    """A reversal names a transaction that the book does not have."""

    status, code, title = 422, "UNKNOWN_TRANSACTION", "A reversal names an unknown transaction"


class UnknownTransfer(Refusal):
    """A reversal names a leg that the transaction does not have."""

    status, code, title = 422, "UNKNOWN_TRANSFER", "The transaction has no such transfer"


class NotReversible(Refusal):
    """The leg reserved money or gave it back, or is itself a reversal."""

    status, code, title = 422, "NOT_REVERSIBLE", "The transfer cannot be reversed"


class NothingToReverse(Refusal):
    """All that the transaction moved was taken back already, or it moved nothing."""

    status, code, title = 422, "NOTHING_TO_REVERSE", "Nothing is left to reverse"


class ReversalTooLarge(Refusal):
    """The reversal asks for more of a leg than is left of it."""

    status, code, title = 422, "REVERSAL_TOO_LARGE", "Reversal exceeds what is left"


class ReversalTooEarly(Refusal):
    """The reversal would count before the transaction that it takes back."""

    status, code, title = 422, "REVERSAL_TOO_EARLY", "The reversal predates the transaction"


class ChainFailed(Refusal):
    """Another item of the chain was refused."""

    status, code, title = 422, "CHAIN_FAILED", "Another item of the chain was refused"


class ChainOpen(Refusal):
    """The last item of the batch is linked to a next one that is not there."""

    status, code, title = 422, "CHAIN_OPEN", "The chain has no last item"


class ImportUndated(Refusal):
    """History brought from elsewhere has no date of its own."""

    status, code, title = 422, "IMPORT_UNDATED", "Imported history needs its date"


class ImportInFuture(Refusal):
    """History brought from elsewhere has not happened yet."""

    status, code, title = 422, "IMPORT_IN_FUTURE", "Imported history lies in the future"


class ImportBeforeAccount(Refusal):
    """History brought from elsewhere is older than one of its accounts."""

    status, code, title = 422, "IMPORT_BEFORE_ACCOUNT", "Imported history predates its account"


class ImportExpires(Refusal):
    """A hold brought from elsewhere does not expire by itself."""

    status, code, title = 422, "IMPORT_EXPIRES", "An imported hold does not expire"


class AccountingClosed(Refusal):
    """What is asked for is dated into a closed period, by its booking date or its effective day."""

    status, code, title = 422, "ACCOUNTING_CLOSED", "The period is closed"


class PeriodClosed(Conflict):
    """The period is closed already, by its own closing or by that of a later one."""

    code, title = "PERIOD_CLOSED", "The period is closed already"


class PeriodNotOver(Conflict):
    """A period can be closed once its last day is over in the book's time zone."""

    code, title = "PERIOD_NOT_OVER", "The period is not over"


class PeriodNotClosed(Conflict):
    """The period is open."""

    code, title = "PERIOD_NOT_CLOSED", "The period is open"


class PeriodNotLast(Conflict):
    """A later period is closed as well: periods are reopened from the latest on."""

    code, title = "PERIOD_NOT_LAST", "A later period is closed"


class TransactionIdRefused(Conflict):
    """A transaction under this id was refused for a reason that may pass. Ask under a new id."""

    code, title = "TRANSACTION_ID_REFUSED", "The id belongs to a refused transaction"


class TransactionIdReused(Conflict):
    """The id belongs to an earlier, different transaction."""

    code, title = "TRANSACTION_ID_REUSED", "The id belongs to another transaction"


class FeedPositionAhead(Conflict):
    """The book's feed has not come as far as the `seq` asked for, or was set back behind it."""

    code, title = "FEED_POSITION_AHEAD", "The feed ends before this position"


class LaneElsewhere(Unavailable):
    """The book is written by a process out of reach from here; nothing was done."""

    code, title = "LANE_ELSEWHERE", "The book is busy elsewhere"


class OutcomeUnknown(Unavailable):
    """The request may have taken effect. A repeat with the same key is safe and tells."""

    code, title = "OUTCOME_UNKNOWN", "The outcome is not known yet"


class BookBehindCheckpoint(Unavailable):
    """The database lost commits of the book, or holds another history: an operator decides."""

    code, title = "BOOK_BEHIND_CHECKPOINT", "The book is behind its own last checkpoint"


class InvalidText(Malformed):
    """A text that cannot be stored or that is not of the declared form."""


class TooManyPostings(Refusal):
    """A batch holds more postings than one commit takes."""

    status, code, title = 422, "TOO_MANY_POSTINGS", "Too many postings at once"


PASSING: Final[tuple[type[Refusal], ...]] = (
    UnknownAccount,
    AccountFrozen,
    AccountClosed,
    OverdraftExceeded,
    MaximumExceeded,
    UnknownHold,
    AccountingClosed,
    UnknownTransaction,
)
"""Refusals that might be otherwise another day. Who asks again under the same id, not knowing the
answer, must not find the transaction posted: these keep the id."""
