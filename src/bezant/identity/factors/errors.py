"""Why a factor, or a change of factors, is declined."""

from bezant.identity.logins import Acr
from bezant.kernel.errors import Conflict, Forbidden, NotFound, Refusal


class PasswordRefused(Refusal):
    """The password is too short, too long, or one that attackers try first."""

    status, code, title = 422, "PASSWORD_REFUSED", "Choose another password"


class ProofRefused(Refusal):
    """What was to be enrolled does not prove what it should."""

    status, code, title = 422, "PROOF_REFUSED", "The proof is not right"


class FactorNotFound(NotFound):
    """No such factor of this user that could be removed."""

    code, title = "FACTOR_NOT_FOUND", "No such factor"


class TooManyFactors(Conflict):
    """The user has as many of these as one may have: remove one first."""

    code, title = "TOO_MANY_FACTORS", "Too many factors of this kind"


class DeviceNotBound(NotFound):
    """No such device of this user, or it is bound no longer."""

    code, title = "DEVICE_NOT_BOUND", "No such device"


class ApprovalOver(NotFound):
    """Unknown, expired, decided or used: one answer for all."""

    code, title = "APPROVAL_OVER", "There is nothing to approve"


class FreshLoginNeeded(Forbidden):
    """Factors are changed only after a login that is as strong as can be, and minutes old.

    Attributes:
        needed: what to log in with.
    """

    code, title = "FRESH_LOGIN_NEEDED", "Log in again first"

    def __init__(self, needed: Acr) -> None:
        super().__init__("This needs a login of the last minutes with every factor.", acr=needed)
        self.needed = needed
