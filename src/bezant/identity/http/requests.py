"""Requests to protocol endpoints, read whole and within limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from starlette.types import Receive, Scope

from bezant.identity.certificates import PresentedCertificate
from bezant.identity.http.errors import OAuthError
from bezant.identity.http.forms import FORM_BYTES_MAX, Form
from bezant.identity.issuers import Issuer
from bezant.kernel.errors import TooLarge
from bezant.kernel.http import BodyDecoder, Headers, read_body

_DECODER: Final = BodyDecoder(dict[str, Any])


class Body(StrEnum):
    """What an endpoint takes."""

    FORM = "application/x-www-form-urlencoded"
    JSON = "application/json"
    JWT = "application/jwt"
    """A signed token; an endpoint that takes JSON may take it as well."""


@dataclass(frozen=True, slots=True)
class ProtocolRequest:
    """One request.

    Attributes:
        issuer: the tenant's authorization server that is asked.
        method: in capitals; HEAD comes as GET.
        url: as clients know it, without its query.
        path: the template's parameters, but the tenant.
        query: the query's parameters; of an endpoint that pages post to, too.
        form: the body's; empty where there is no body.
        json: the body's members, of an endpoint that takes JSON.
        token: the body as it came, where it is a signed token.
        headers: names in lower case.
        cookies: by name, of those that came once.
        certificate: what the peer presented to the mTLS listener, unjudged.
        address: of the peer.
    """

    issuer: Issuer
    method: str
    url: str
    query: Form
    form: Form
    headers: Headers
    path: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] = field(default_factory=dict)
    token: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict)
    certificate: PresentedCertificate | None = None
    address: str = ""

    @classmethod
    async def read(
        cls, issuer: Issuer, scope: Scope, receive: Receive, *takes: Body
    ) -> "ProtocolRequest":
        """Read a request, whose body is one of what its endpoint takes.

        Raises:
            OAuthError: `invalid_request`.
            Refusal: too large, too slow, a header twice.
        """
        headers = Headers(scope["headers"])
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        body = await _body(headers, receive) if method != "GET" else b""
        kind = _kind(headers.one(b"content-type"), takes) if body else None
        path = {name: value for name, value in scope["path_params"].items() if name != "tenant"}
        client = scope.get("client")
        return cls(
            issuer=issuer,
            method=method,
            url=_origin(issuer, scope) + scope["path"],
            query=Form.parse(scope["query_string"]),
            form=Form.parse(body if kind is Body.FORM else b""),
            headers=headers,
            path=path,
            json=_DECODER.decode(body) if kind is Body.JSON else {},
            # What is no token's text is refused by whoever reads it as one.
            token=body.decode("latin-1") if kind is Body.JWT else None,
            cookies=_cookies(headers),
            certificate=PresentedCertificate.of_scope(scope),
            address=client[0] if client else "",
        )


async def _body(headers: Headers, receive: Receive) -> bytes:
    declared = headers.one(b"content-length")
    encoding = headers.one(b"content-encoding")
    if encoding is not None and encoding.lower() != b"identity":
        raise OAuthError("invalid_request", "Bodies are sent without a content coding.")
    try:
        return await read_body(receive, declared, bytes_max=FORM_BYTES_MAX)
    except TooLarge:
        # The rest is not read: the connection cannot carry another request.
        raise OAuthError(
            "invalid_request",
            f"The body is at most {FORM_BYTES_MAX} bytes.",
            TooLarge.status,
            [(b"connection", b"close")],
        ) from None


def _kind(content_type: bytes | None, takes: Sequence[Body]) -> Body:
    declared, _, parameters = (content_type or b"").lower().partition(b";")
    charset = parameters.strip().replace(b'"', b"")
    for kind in takes:
        if declared.strip() == kind.encode() and charset in {b"", b"charset=utf-8"}:
            return kind
    raise OAuthError("invalid_request", f"Bodies are sent as {' or '.join(takes)}, in UTF-8.")


def _origin(issuer: Issuer, scope: Scope) -> str:
    """Of the listener that was asked: the extension `tls` is the mTLS listener's."""
    is_mtls = "tls" in scope.get("extensions", {})
    return issuer.mtls_origin if is_mtls and issuer.mtls_origin is not None else issuer.origin


def _cookies(headers: Headers) -> dict[str, str]:
    """Cookies by name. One that came twice is nobody's word: a neighbour may have planted one."""
    pairs = [
        (name.strip(), value.strip())
        for line in headers.every(b"cookie")
        for name, _, value in (each.partition("=") for each in line.decode("latin-1").split(";"))
    ]
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}
