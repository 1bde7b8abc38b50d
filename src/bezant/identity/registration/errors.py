"""Why a request about registration is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal, Unauthenticated


class StatementIssuerNotFound(NotFound):
    """No such issuer of software statements, or another tenant's."""

    code, title = "SOFTWARE_STATEMENT_ISSUER_NOT_FOUND", "No such issuer of software statements"


class StatementIssuerExists(Conflict):
    """The issuer is trusted already, with keys of its own: remove it to change them."""

    code, title = "SOFTWARE_STATEMENT_ISSUER_EXISTS", "The issuer is trusted already"


class StatementIssuerInvalid(Refusal):
    """The issuer of software statements has no keys that could be used."""

    status, code, title = 422, "SOFTWARE_STATEMENT_ISSUER_INVALID", "The issuer's keys are unusable"


class InitialAccessTokenNotFound(NotFound):
    """No such initial access token, or another tenant's."""

    code, title = "INITIAL_ACCESS_TOKEN_NOT_FOUND", "No such initial access token"


class RegistrationTokenInvalid(Unauthenticated):
    """The token is unknown, used up, expired or revoked. Which of these is not told."""

    code, title = "REGISTRATION_TOKEN_INVALID", "The token does not let anybody register"


class SoftwareStatementUsed(Refusal):
    """A software statement makes one client."""

    status, code, title = 422, "SOFTWARE_STATEMENT_USED", "The software statement was used before"


class SignedRequestUsed(Refusal):
    """A signed request is good for one use."""

    status, code, title = 422, "SIGNED_REQUEST_USED", "The signed request was used before"


class RegistrationChanged(Conflict):
    """The client was changed while its update was looked at: read it, and ask again."""

    code, title = "REGISTRATION_CHANGED", "The client was changed meanwhile"
