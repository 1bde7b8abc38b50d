"""Why a request about API keys is declined."""

from bezant.kernel.errors import Conflict, Forbidden, NotFound, Refusal


class ApiKeyNotFound(NotFound):
    """No such key, or another tenant's."""

    code, title = "API_KEY_NOT_FOUND", "No such API key"


class ApiKeyEnded(Conflict):
    """The key has expired, was revoked, or was rotated before."""

    code, title = "API_KEY_ENDED", "The API key has ended"


class ExpiryInThePast(Refusal):
    """A key would expire before it is made."""

    status, code, title = 422, "EXPIRY_IN_THE_PAST", "The expiry is in the past"


class GrantTooWide(Forbidden):
    """A caller can only hand on what it holds itself."""

    code, title = "GRANT_TOO_WIDE", "The key would grant more than the caller holds"
