"""Why an account is not closed."""

from bezant.kernel.errors import Refusal


class PayoutNotPossible(Refusal):
    """What is left must go to another account of the book, and none that can take it was named."""

    status, code, title = 422, "PAYOUT_NOT_POSSIBLE", "Nobody can take what is left"


class AccountOverdrawn(Refusal):
    """What the account owes, the last interest included, must be paid before it is closed."""

    status, code, title = 422, "ACCOUNT_OVERDRAWN", "The account is overdrawn"
