"""Why a value is not tokenized. No refusal quotes it."""

from bezant.kernel.errors import Busy, Conflict, NotFound, Refusal


class CardNumberRefused(Refusal):
    """It is not a card number: its length, its check digit or its beginning is not of one."""

    status, code, title = 422, "CARD_NUMBER_REFUSED", "Not a card number"


class CardExpired(Refusal):
    """The card's last month is over."""

    status, code, title = 422, "CARD_EXPIRED", "The card has expired"


class CardExpiryRefused(Refusal):
    """No month of a year in which a card could expire."""

    status, code, title = 422, "CARD_EXPIRY_REFUSED", "Not a card's expiry"


class CardHolderRefused(Refusal):
    """It cannot be the name on a card."""

    status, code, title = 422, "CARD_HOLDER_REFUSED", "Not a card holder's name"


class AccountNumberRefused(Refusal):
    """It is not the number of a bank account of its kind."""

    status, code, title = 422, "ACCOUNT_NUMBER_REFUSED", "Not an account number"


class TokenShapeRefused(Refusal):
    """So few values have this shape that a token would give the value away."""

    status, code, title = 422, "TOKEN_SHAPE_REFUSED", "The shape is too narrow for a token"


class TokenFormatRefused(Refusal):
    """Tokens of this kind do not come in this format."""

    status, code, title = 422, "TOKEN_FORMAT_REFUSED", "The format is for other values"


class NeverErasedRequired(Refusal):
    """Whoever holds the key computes the value from such a token, so that nothing erases it."""

    status, code, title = 422, "NEVER_ERASED_REQUIRED", "The format is for what is never erased"


class TokenNotFound(NotFound):
    """No such token, erased, or another tenant's."""

    code, title = "TOKEN_NOT_FOUND", "No such token"


class TokenExpired(Refusal):
    """The token's time is over."""

    status, code, title = 410, "TOKEN_EXPIRED", "The token has expired"


class TokenRevoked(Refusal):
    """The token was revoked, and what it stood for is gone."""

    status, code, title = 410, "TOKEN_REVOKED", "The token was revoked"


class TokenUsed(Conflict):
    """The token was for one use, which another request has made of it."""

    code, title = "TOKEN_USED", "The token was used"


class TooManyReveals(Busy):
    """The caller reveals more values than it may. Try again after `Retry-After` seconds."""

    code, title = "TOO_MANY_REVEALS", "Too many values are revealed"
