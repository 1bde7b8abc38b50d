"""Why a request about clients is declined."""

from bezant.kernel.errors import Conflict, Forbidden, NotFound, Refusal


class OAuthClientNotFound(NotFound):
    """No such client, or another tenant's."""

    code, title = "OAUTH_CLIENT_NOT_FOUND", "No such OAuth client"


class OAuthClientDisabled(Conflict):
    """The client is disabled, for good."""

    code, title = "OAUTH_CLIENT_DISABLED", "The OAuth client is disabled"


class InvalidClientMetadata(Refusal):
    """What the client registers as is contradictory, or less than its profile needs."""

    status, code, title = 422, "INVALID_CLIENT_METADATA", "The client cannot be registered so"


class InvalidRedirectUri(Refusal):
    """A redirect URI is one that nobody could trust to be the client's."""

    status, code, title = 422, "INVALID_REDIRECT_URI", "The redirect URI is not taken"


class ClientGrantTooWide(Forbidden):
    """A client may ask for no more of the API than whoever registers it holds."""

    code, title = "CLIENT_GRANT_TOO_WIDE", "The client would get more than the caller holds"
