"""Answers of protocol endpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

import msgspec

from bezant.identity.http.errors import Header, OAuthError

JSON: Final = b"application/json"


@dataclass(frozen=True, slots=True)
class ProtocolAnswer:
    """A whole response. It is not kept by anybody, unless `headers` say how."""

    status: int
    body: bytes = b""
    media_type: bytes | None = None
    headers: tuple[Header, ...] = ()

    @classmethod
    def json(cls, status: int, members: object, headers: Sequence[Header] = ()) -> Self:
        """A Struct or mapping as JSON."""
        return cls(status, msgspec.json.encode(members), JSON, tuple(headers))

    @classmethod
    def text(
        cls, status: int, body: str, media_type: bytes, headers: Sequence[Header] = ()
    ) -> Self:
        """Text of another type, such as a signed introspection answer."""
        return cls(status, body.encode(), media_type, tuple(headers))

    @classmethod
    def page(cls, html: str, headers: Sequence[Header] = (), status: int = 200) -> Self:
        """A page; its policy is among `headers`."""
        return cls(status, html.encode(), b"text/html; charset=utf-8", tuple(headers))

    @classmethod
    def redirect(cls, url: str, headers: Sequence[Header] = ()) -> Self:
        """Send the browser elsewhere by GET, whatever it came with (FAPI 2.0, section 5.3.2.2)."""
        location = (b"location", url.encode("ascii"))
        return cls(HTTPStatus.SEE_OTHER, headers=(location, *headers))

    @classmethod
    def empty(cls, status: int, headers: Sequence[Header] = ()) -> Self:
        """No body."""
        return cls(status, headers=tuple(headers))

    @classmethod
    def error(cls, error: OAuthError) -> Self:
        """A refusal (RFC 6749, section 5.2)."""
        return cls(error.status, error.encode(), JSON, error.headers)
