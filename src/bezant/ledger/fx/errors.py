"""Why an exchange is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class QuoteNotFound(NotFound):
    """The book has no such quote, or it expired unused long ago."""

    code, title = "QUOTE_NOT_FOUND", "No such quote"


class RateNotFound(NotFound):
    """No rate of the pair is known for the instant, nor one that it follows from."""

    code, title = "RATE_NOT_FOUND", "No rate is known"


class SettingsNotFound(NotFound):
    """The book's currencies are not set up."""

    code, title = "FX_SETTINGS_NOT_FOUND", "The book's currencies are not set up"


class FxNotSetUp(Conflict):
    """The book has no functional asset yet: set its currencies up first."""

    code, title = "FX_NOT_SET_UP", "The book's currencies are not set up"


class FunctionalAssetFixed(Conflict):
    """Costs are kept in the functional asset, which therefore stays what it is."""

    code, title = "FUNCTIONAL_ASSET_FIXED", "The functional asset stays what it is"


class FxAccountUnfit(Refusal):
    """An account that is to hold costs or gains is of another asset or type."""

    status, code, title = 422, "FX_ACCOUNT_UNFIT", "The account does not fit"


class RateUnknown(Refusal):
    """A rate is needed that is not known, nor follows from known ones."""

    status, code, title = 422, "RATE_UNKNOWN", "A rate is not known"


class SameAsset(Refusal):
    """Sold and bought asset are one."""

    status, code, title = 422, "SAME_ASSET", "An asset is exchanged for itself"


class ClientRateTooHigh(Refusal):
    """The client would be given more than the mid rate allows."""

    status, code, title = 422, "CLIENT_RATE_TOO_HIGH", "The client's rate is above the mid rate"


class FxAmountOutOfRange(Refusal):
    """One side of the exchange would be nothing, or more than can be posted."""

    status, code, title = 422, "FX_AMOUNT_OUT_OF_RANGE", "The amount cannot be exchanged"


class UnknownQuote(Refusal):
    """The conversion names a quote that the book does not have."""

    status, code, title = 422, "UNKNOWN_QUOTE", "The quote is unknown"


class QuoteExpired(Conflict):
    """The quote's time is over: ask for a new one."""

    code, title = "QUOTE_EXPIRED", "The quote has expired"


class QuoteUsed(Conflict):
    """The quote was carried out before."""

    code, title = "QUOTE_USED", "The quote was used"


class RevaluationInFuture(Refusal):
    """Positions are revalued for an instant that has come."""

    status, code, title = 422, "REVALUATION_IN_FUTURE", "The instant has not come yet"


class RevaluationOvertaken(Conflict):
    """Positions were revalued for a later instant already, or are being revalued right now."""

    code, title = "REVALUATION_OVERTAKEN", "A later revaluation stands"
