"""Why a request about statements is declined."""

from bezant.kernel.errors import NotFound, Refusal


class CustomerStatementNotFound(NotFound):
    """No such statement (yet): its period is not over, or the account has no such asset."""

    code, title = "STATEMENT_NOT_FOUND", "No such statement"


class BalanceNotFinal(Refusal):
    """The day is not over, or the account was not open on it: there is no balance to confirm."""

    status, code, title = 422, "BALANCE_NOT_FINAL", "The balance of that day is not final"


class BalanceConfirmationNotFound(NotFound):
    """No such confirmation, or another tenant's."""

    code, title = "BALANCE_CONFIRMATION_NOT_FOUND", "No such confirmation"
