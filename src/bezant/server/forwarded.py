"""Certificates of clients behind a proxy that ends TLS: `Client-Cert` (RFC 9440).

Whoever can send this header can be any client. So it is taken only on a connection of the listener
for certificates, whose peer proved to hold the key of a certificate that the operator has pinned;
from all others it is refused, since what asserts an identity must not be passed over in silence.
A pinned proxy's own certificate is never taken as that of a client.
"""

import re
from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from bezant.identity.certificates import (
    CHAIN_CERTIFICATES_MAX,
    CertificateUnfit,
    PresentedCertificate,
    check_validity,
    read_certificate,
)
from bezant.kernel.clock import Clock
from bezant.kernel.errors import Malformed, Refusal

_CERTIFICATE: Final = b"client-cert"
_CHAIN: Final = b"client-cert-chain"
# A byte sequence (RFC 9651, section 3.3.5): an item is one, a list has commas between them.
_ITEM: Final = re.compile(rb" *:([A-Za-z0-9+/]+={0,2}): *")


class ForwardedCertificateRefused(Refusal):
    """A certificate in a header, from somebody who is not trusted to pass on certificates."""

    status, code, title = 400, "FORWARDED_CERTIFICATE_REFUSED", "No proxy is trusted here"


class ForwardedCertificates:
    """The ASGI layer that decides whose certificate each request has.

    Args:
        app: what is served; in its scopes the extension `tls` has the client's certificate.
        proxies: certificates that may pass on others', SHA-256 in hexadecimal digits.
    """

    def __init__(self, app: ASGIApp, proxies: frozenset[str], clock: Clock) -> None:
        self._app = app
        self._proxies = proxies
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            certificates, chains = (_values(scope, name) for name in (_CERTIFICATE, _CHAIN))
            peer = PresentedCertificate.of_scope(scope)
            try:
                if peer is not None and sha256(peer.der).hexdigest() in self._proxies:
                    self._require_current(peer)
                    scope = {**scope, **_forwarded(certificates, chains)}
                elif certificates or chains:
                    raise ForwardedCertificateRefused(
                        "Only a proxy that authenticates with a pinned certificate sends this."
                    )
            except Refusal as refusal:
                await _answer(refusal, send)
                return
        await self._app(scope, receive, send)

    def _require_current(self, proxy: PresentedCertificate) -> None:
        try:
            check_validity(read_certificate(proxy.der), self._clock.now())
        except CertificateUnfit as unfit:
            raise ForwardedCertificateRefused(f"The proxy's own certificate: {unfit}") from None


def _forwarded(certificates: Sequence[bytes], chains: Sequence[bytes]) -> dict[str, Any]:
    """What a proxy passes on of its client (RFC 9440, section 2)."""
    if len(certificates) > 1:
        raise Malformed("Client-Cert is there more than once.")
    if chains and not certificates:
        raise Malformed("Client-Cert-Chain is there without Client-Cert.")
    der = _decoded(certificates[0]) if certificates else None
    chain = [_decoded(item) for value in chains for item in value.split(b",")]
    if len(chain) > CHAIN_CERTIFICATES_MAX:
        raise Malformed(f"Client-Cert-Chain has at most {CHAIN_CERTIFICATES_MAX} certificates.")
    tls = {"client_cert_der": der, "client_cert_chain_der": tuple(chain)}
    return {"extensions": {"tls": tls}}


def _decoded(item: bytes) -> bytes:
    match = _ITEM.fullmatch(item)
    try:
        if match is not None:
            return b64decode(match[1], validate=True)
    except ValueError:
        pass
    raise Malformed("Client-Cert is a certificate in base64 between two colons.")


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for each, value in scope["headers"] if each == name]


async def _answer(refusal: Refusal, send: Send) -> None:
    body = refusal.encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
