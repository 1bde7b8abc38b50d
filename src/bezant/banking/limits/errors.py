"""Why a payment is declined by a limit."""

from bezant.kernel.errors import Refusal


class LimitExceeded(Refusal):
    """The payment and those before it come to more than a limit allows."""

    status, code, title = 422, "LIMIT_EXCEEDED", "A limit is exceeded"


class OrderingPartyNeeded(Refusal):
    """A holder of the account has limits, so it has to be said whose payment it is."""

    status, code, title = 422, "ORDERING_PARTY_NEEDED", "It is not said who orders the payment"


class CounterpartyDenied(Refusal):
    """The account does not pay this counterparty: it is denied, or others only are allowed."""

    status, code, title = 422, "COUNTERPARTY_DENIED", "The account does not pay this counterparty"
