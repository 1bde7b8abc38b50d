"""Refusals of protocol endpoints, in the words of their standards."""

from collections.abc import Sequence
from typing import Final

import msgspec

from bezant.kernel.errors import Refusal

Header = tuple[bytes, bytes]

_BY_STATUS: Final = {429: "temporarily_unavailable", 503: "temporarily_unavailable"}


class OAuthError(Exception):
    """A request that is declined as RFC 6749 (section 5.2) has it.

    Args:
        error: the code, such as `invalid_grant`.
        description: one sentence for developers: ASCII, without quotes or backslashes, and without
            anything that the request did not say already.
        status: of the answer.
        headers: further ones, such as a challenge or a nonce.
    """

    def __init__(
        self, error: str, description: str, status: int = 400, headers: Sequence[Header] = ()
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.headers = tuple(headers)

    def encode(self) -> bytes:
        """The body."""
        return msgspec.json.encode({"error": self.error, "error_description": self.description})


def oauth_error(refusal: Refusal) -> OAuthError:
    """What a refusal of the layers below is called by the protocols.

    Its own status stays, so that a limit or an outage is still told from a mistake.
    """
    return OAuthError(
        _BY_STATUS.get(refusal.status, "invalid_request"), refusal.title, refusal.status
    )
