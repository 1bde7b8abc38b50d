"""Why a request about payments is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class PaymentNotFound(NotFound):
    """No such payment, or another tenant's."""

    code, title = "PAYMENT_NOT_FOUND", "No such payment"


class UnknownDebtorAccount(Refusal):
    """The account that is to pay does not exist."""

    status, code, title = 422, "UNKNOWN_DEBTOR_ACCOUNT", "No such account to pay from"


class UnknownCreditorAccount(Refusal):
    """The account that is to be paid does not exist on this platform."""

    status, code, title = 422, "UNKNOWN_CREDITOR_ACCOUNT", "No such account to pay to"


class CreditorInAnotherBook(Refusal):
    """The payee's account is of another book: not there, or not by this kind of payment."""

    status, code, title = 422, "CREDITOR_IN_ANOTHER_BOOK", "The two accounts are of two books"


class SameAccounts(Refusal):
    """The account would pay itself."""

    status, code, title = 422, "SAME_ACCOUNTS", "The account would pay itself"


class UnknownRail(Refusal):
    """The platform has no such rail."""

    status, code, title = 422, "UNKNOWN_RAIL", "No such rail"


class RailUnfit(Refusal):
    """The rail does not lead from the one account to the other."""

    status, code, title = 422, "RAIL_UNFIT", "The rail does not lead there"


class CreditorIbanInvalid(Refusal):
    """The creditor's IBAN is not valid."""

    status, code, title = 422, "CREDITOR_IBAN_INVALID", "The creditor's IBAN is not valid"


class DayOutOfReach(Refusal):
    """The day is over, or more than a year ahead."""

    status, code, title = 422, "DAY_OUT_OF_REACH", "No payment is ordered for that day"


class PaymentOwnReview(Conflict):
    """Who entered a payment does not decide on it: somebody else has to look at it."""

    code, title = "PAYMENT_OWN_REVIEW", "Somebody else has to look at the payment"


class PaymentNotWaiting(Conflict):
    """The payment does not wait for this: it was signed, released, carried out, or ended."""

    code, title = "PAYMENT_NOT_WAITING", "The payment does not wait"
