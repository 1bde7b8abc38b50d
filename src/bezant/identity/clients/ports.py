"""What clients need of whoever knows certificates."""

from typing import Protocol

from bezant.identity.certificates import PresentedCertificate
from bezant.identity.clients.domain import Client


class CertificateRefused(Exception):  # noqa: N818 - what became of it
    """The certificate is not the client's, not current or not trusted: one sentence says which."""


class CertificateJudge(Protocol):
    """Judges certificates that clients authenticate with."""

    async def judge(self, client: Client, certificate: PresentedCertificate) -> None:
        """Accept a certificate as the client's.

        For `tls_client_auth`: a chain to a trusted authority, and the registered subject (RFC 8705,
        section 2.1). For `self_signed_tls_client_auth`: one of the client's registered
        certificates (section 2.2).

        Raises:
            CertificateRefused: it is not.
            Unavailable: that cannot be known now.
        """
        ...
