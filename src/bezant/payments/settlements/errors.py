"""Why a request about settlement batches is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class SettlementBatchNotFound(NotFound):
    """No such settlement batch, or another tenant's."""

    code, title = "SETTLEMENT_BATCH_NOT_FOUND", "No such settlement batch"


class NothingToSettle(Conflict):
    """Nothing came or went for the account that is not in a batch already."""

    code, title = "NOTHING_TO_SETTLE", "Nothing is left to settle"


class SettledMeanwhile(Conflict):
    """Another batch of the account was made at the same moment: look at that one first."""

    code, title = "SETTLED_MEANWHILE", "Another batch was made at the same moment"


class PeriodNotSettleable(Refusal):
    """The end of the period has not come yet: more may come or go before it."""

    status, code, title = 422, "PERIOD_NOT_SETTLEABLE", "The period is not over"


class UnknownPayoutAccount(Refusal):
    """The account to pay out to does not exist, is of another book, or is the settled one."""

    status, code, title = 422, "UNKNOWN_PAYOUT_ACCOUNT", "No such account to pay out to"
