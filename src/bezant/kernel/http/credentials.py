"""Credentials: what a request brings to prove who sends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote

from starlette.types import Scope

from bezant.kernel.http.headers import Headers

BEARER: Final = "bearer"
DPOP: Final = "dpop"
SIGNATURE_INPUT: Final = b"signature-input"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token, and whatever binds it to its sender. Nothing of it is verified yet.

    Attributes:
        scheme: of `Authorization`, in lower case (RFC 9110, section 11.1): `bearer`, `dpop`.
        token: what the scheme carries.
        method: of the request; a DPoP proof's `htm` (RFC 9449, section 4.2).
        url: of the request without its query; a proof's `htu`. Its authority is what the request
            says: who relies on it compares its origin with those that are ours.
        proofs: the values of each `DPoP` header; more than one is to be refused.
        certificate: what the client showed in the TLS handshake, in DER, unjudged.
        query: of the request, as it came, without the question mark.
        signed_fields: all of its header fields, if it is signed (RFC 9421); else None.
    """

    scheme: str
    token: str
    method: str = "GET"
    url: str = ""
    proofs: tuple[str, ...] = ()
    certificate: bytes | None = None
    query: str = ""
    signed_fields: Mapping[str, Sequence[str]] | None = None

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """Those of a request.

        Raises:
            Unauthenticated: it has none, or several.
        """
        headers = Headers(scope["headers"])
        scheme, token = headers.authorization()
        tls = scope.get("extensions", {}).get("tls", {})
        return cls(
            scheme=scheme,
            token=token,
            method=scope["method"],
            url=_url(scope, headers),
            proofs=tuple(value.decode("latin-1") for value in headers.every(b"dpop")),
            certificate=tls.get("client_cert_der"),
            query=scope.get("query_string", b"").decode("latin-1"),
            signed_fields=headers.lines() if headers.every(SIGNATURE_INPUT) else None,
        )


def _url(scope: Scope, headers: Headers) -> str:
    """Where the request was sent to, without its query."""
    hosts = headers.every(b"host")
    authority = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1").partition("?")[0] if raw else quote(scope["path"])
    return f"{scope.get('scheme', 'http')}://{authority}{path}"
