"""Clients that authenticate with certificates (RFC 8705, section 2)."""

from base64 import b64decode
from collections.abc import Iterator

import structlog

from bezant.identity.certificates import (
    AuthoritiesFile,
    CertificateFault,
    CertificateUnfit,
    PresentedCertificate,
    RegisteredSubject,
    check_validity,
    read_certificate,
)
from bezant.identity.clients.domain import Authentication, Client
from bezant.identity.clients.ports import CertificateRefused
from bezant.kernel.clock import Clock
from bezant.kernel.errors import Unavailable

log = structlog.get_logger("bezant.identity")


class ClientCertificates:
    """Judges certificates as those of the clients that present them.

    Args:
        authorities: who is trusted to name clients of `tls_client_auth`.
    """

    def __init__(self, authorities: AuthoritiesFile, clock: Clock) -> None:
        self._authorities = authorities
        self._clock = clock

    async def judge(self, client: Client, certificate: PresentedCertificate) -> None:
        """Accept a certificate as the client's.

        Raises:
            CertificateRefused: it is not, with a code of `CertificateFault` first.
            Unavailable: the authorities cannot be read.
        """
        try:
            if client.authentication is Authentication.SELF_SIGNED_TLS:
                self._judge_registered(client, certificate)
            else:
                self._judge_issued(client, certificate)
        except CertificateUnfit as unfit:
            raise CertificateRefused(str(unfit)) from None

    def _judge_issued(self, client: Client, presented: PresentedCertificate) -> None:
        """`tls_client_auth`: from a trusted authority, which calls it by the registered name."""
        try:
            authorities = self._authorities.current()
        except (OSError, ValueError) as error:
            log.error("authorities_unreadable", reason=str(error))  # noqa: TRY400 - no trace needed
            raise Unavailable("The authorities of certificates cannot be read.") from error
        certificate = authorities.check(presented, self._clock.now())
        assert client.tls_subject is not None, "it goes with tls_client_auth"
        if not RegisteredSubject.read(*client.tls_subject).is_of(certificate):
            raise CertificateUnfit(
                CertificateFault.WRONG_SUBJECT, "The certificate names somebody else."
            )

    def _judge_registered(self, client: Client, presented: PresentedCertificate) -> None:
        """`self_signed_tls_client_auth`: the very certificate that came with a registered key."""
        if presented.der not in _registered(client):
            raise CertificateUnfit(
                CertificateFault.UNREGISTERED,
                "The certificate is none of those in the x5c of the client's keys.",
            )
        check_validity(read_certificate(presented.der), self._clock.now())


def _registered(client: Client) -> Iterator[bytes]:
    """The first certificate of each key's `x5c`: the key's own (RFC 7517, section 4.7)."""
    for key in (client.jwks or {}).get("keys", ()):
        for text in key.get("x5c", ())[:1]:
            try:
                yield b64decode(text, validate=True)
            except ValueError:
                continue
