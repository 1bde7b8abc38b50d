"""Authorities that clients' certificates come from, and what they have revoked.

One PEM file holds both, kept by the operator: the root certificates, and the revocation lists of
every authority below them that has one. Nothing is fetched: a certificate says itself where its
status would be found, and whoever follows it lets strangers choose what this machine connects to,
and how long an authentication waits. The file is read again when it changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, cast

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from bezant.identity.certificates.errors import CertificateFault, CertificateUnfit
from bezant.identity.certificates.presented import PresentedCertificate

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

CHAIN_CERTIFICATES_MAX: Final = 6
"""How many certificates that came along are looked at."""

# Intermediate authorities between a certificate and its root.
_DEPTH_MAX: Final = 4
# What is checked here or by the verifier. Another one that is critical says something that nobody
# here understands, so its certificate is not accepted (RFC 5280, section 4.2).
_UNDERSTOOD: Final = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.SubjectAlternativeName.oid,
    }
)
_LIST_BEGIN: Final = b"-----BEGIN X509 CRL-----"
_LIST_END: Final = b"-----END X509 CRL-----"


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who is trusted to name clients.

    Attributes:
        roots: their own certificates.
        lists: what they and those below them have revoked.
    """

    roots: tuple[x509.Certificate, ...] = ()
    lists: tuple[x509.CertificateRevocationList, ...] = ()

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """The authorities of a file.

        Raises:
            ValueError: it holds no certificate, or something that is none.
        """
        lists = [
            x509.load_pem_x509_crl(_LIST_BEGIN + part.partition(_LIST_END)[0] + _LIST_END + b"\n")
            for part in pem.split(_LIST_BEGIN)[1:]
        ]
        return cls(tuple(x509.load_pem_x509_certificates(pem)), tuple(lists))

    def check(self, presented: PresentedCertificate, at: datetime) -> x509.Certificate:
        """A certificate that is current, made for clients, and from one of the authorities.

        Raises:
            CertificateUnfit: it is not.
        """
        certificate = read_certificate(presented.der)
        check_validity(certificate, at)
        _check_purpose(certificate)
        chain = self._way_to_root(certificate, presented.chain, at)
        for issued, issuer in pairwise(chain):
            self._check_revocation(issued, issuer, at)
        return certificate

    def _way_to_root(
        self, certificate: x509.Certificate, along: Sequence[bytes], at: datetime
    ) -> list[x509.Certificate]:
        if not self.roots:
            raise CertificateUnfit(CertificateFault.UNTRUSTED, "No authority is trusted here.")
        verifier = (
            PolicyBuilder()
            .store(Store(list(self.roots)))
            .time(at)
            .max_chain_depth(_DEPTH_MAX)
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca(),
                # A client need not have a name of the kinds that web servers have; what matters of
                # the rest is checked apart, with answers of its own.
                ee_policy=ExtensionPolicy.permit_all(),
            )
            .build_client_verifier()
        )
        intermediates = [read_certificate(der) for der in along[:CHAIN_CERTIFICATES_MAX]]
        try:
            return verifier.verify(certificate, intermediates).chain
        except VerificationError:
            raise CertificateUnfit(
                CertificateFault.UNTRUSTED,
                "No chain leads from the certificate to an authority that is trusted here.",
            ) from None

    def _check_revocation(
        self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime
    ) -> None:
        """Look it up in its issuer's lists, where the operator has provided any."""
        provided = [each for each in self.lists if each.issuer == issuer.subject]
        if not provided:
            return
        # It signed the certificate, so it is of a kind that signs.
        key = cast("CertificateIssuerPublicKeyTypes", issuer.public_key())
        current = [
            each
            for each in provided
            if each.last_update_utc <= at
            and each.next_update_utc is not None
            and at < each.next_update_utc
            and each.is_signature_valid(key)
        ]
        for each in current:
            entry = each.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None and entry.revocation_date_utc <= at:
                raise CertificateUnfit(
                    CertificateFault.REVOKED, "The certificate's authority has revoked it."
                )
        if not current:
            # Nobody may make a revoked certificate good by holding back the newest list.
            raise CertificateUnfit(
                CertificateFault.STATUS_UNKNOWN,
                "The revocation list of the certificate's authority is out of date.",
            )


class AuthoritiesFile:
    """Authorities as a file has them at any time.

    Args:
        path: the file; None for no authorities.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._authorities = Authorities()

    def current(self) -> Authorities:
        """What it holds now.

        Raises:
            OSError: it cannot be read.
            ValueError: it holds something else.
        """
        if self._path is not None:
            status = self._path.stat()
            stamp = status.st_ino, status.st_mtime_ns, status.st_size
            if stamp != self._stamp:
                self._authorities = Authorities.read(self._path.read_bytes())
                self._stamp = stamp
        return self._authorities


def read_certificate(der: bytes) -> x509.Certificate:
    """A certificate's fields.

    Raises:
        CertificateUnfit: it is none. TLS libraries are more lenient than RFC 5280.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        # Parsed when first looked at; all that is looked at later is looked at here.
        assert certificate.subject is not None
        assert certificate.extensions is not None
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise CertificateUnfit(
            CertificateFault.MALFORMED, "The certificate cannot be read as RFC 5280 has it."
        ) from None
    return certificate


def check_validity(certificate: x509.Certificate, at: datetime) -> None:
    """Whether it is current.

    Raises:
        CertificateUnfit: it is not.
    """
    if at > certificate.not_valid_after_utc:
        until = certificate.not_valid_after_utc
        raise CertificateUnfit(
            CertificateFault.EXPIRED, f"The certificate was valid until {until:%Y-%m-%dT%H:%M:%SZ}."
        )
    if at < certificate.not_valid_before_utc:
        since = certificate.not_valid_before_utc
        raise CertificateUnfit(
            CertificateFault.NOT_YET_VALID,
            f"The certificate is valid from {since:%Y-%m-%dT%H:%M:%SZ} on.",
        )


def _check_purpose(certificate: x509.Certificate) -> None:
    """A certificate for clients says so; one of a server, of mail or of code does not do."""
    extensions = {extension.oid: extension for extension in certificate.extensions}
    unknown = [
        oid
        for oid, extension in extensions.items()
        if extension.critical and oid not in _UNDERSTOOD
    ]
    purposes = extensions.get(x509.ExtendedKeyUsage.oid)
    usage = extensions.get(x509.KeyUsage.oid)
    if (
        unknown
        or purposes is None
        or ExtendedKeyUsageOID.CLIENT_AUTH not in purposes.value
        or (usage is not None and not usage.value.digital_signature)
    ):
        raise CertificateUnfit(
            CertificateFault.WRONG_PURPOSE, "The certificate is not one for TLS clients."
        )
