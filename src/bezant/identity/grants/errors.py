"""Why a request about grants is declined."""

from bezant.kernel.errors import NotFound


class GrantNotFound(NotFound):
    """No such grant, or another's."""

    code, title = "GRANT_NOT_FOUND", "No such grant"
