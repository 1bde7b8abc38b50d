"""Why a value is not tokenized. No refusal quotes it."""

from bezant.kernel.errors import Refusal


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
