"""The certificate that a peer proved to hold the key of, in its TLS handshake."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from bezant.identity.confirmation import Confirmation


@dataclass(frozen=True, slots=True)
class PresentedCertificate:
    """A certificate as the peer sent it; nothing about it has been judged.

    Attributes:
        der: the certificate, DER.
        chain: the certificates that came with it, to help finding a way to an authority.
    """

    der: bytes
    chain: tuple[bytes, ...] = ()

    @classmethod
    def of_scope(cls, scope: Mapping[str, Any]) -> Self | None:
        """The one of a request's connection; None where the peer presented none.

        Args:
            scope: the ASGI scope, in whose extension `tls` the mTLS listener put it.
        """
        tls = scope.get("extensions", {}).get("tls", {})
        der = tls.get("client_cert_der")
        return None if der is None else cls(der, tuple(tls.get("client_cert_chain_der", ())))

    @property
    def thumbprint(self) -> str:
        """`x5t#S256`: its SHA-256, base64url without padding (RFC 8705, section 3.1)."""
        return urlsafe_b64encode(sha256(self.der).digest()).rstrip(b"=").decode("ascii")

    @property
    def confirmation(self) -> Confirmation:
        """What a token that is bound to it says in `cnf`."""
        return Confirmation(x5t_s256=self.thumbprint)
