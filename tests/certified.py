"""Authorities and certificates of clients, good and bad, for tests that present them."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

NOW: Final = datetime.now(UTC).replace(microsecond=0)
CLIENT_AUTH: Final = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER_AUTH: Final = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True)
class Holder:
    """A certificate, its key, and the certificates that go with it.

    Attributes:
        issuers: from its own to the one below the root, sent along in handshakes.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return der_of(self.certificate)

    @property
    def chain(self) -> tuple[bytes, ...]:
        return tuple(map(der_of, self.issuers))

    @property
    def pem(self) -> str:
        return pem_of(self.certificate)

    def present(self, context: ssl.SSLContext, folder: Path) -> None:
        """Have a client's context present it."""
        file = folder / f"{self.certificate.serial_number}.pem"
        key = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        file.write_text("".join([self.pem, *map(pem_of, self.issuers), key]))
        context.load_cert_chain(file)


@dataclass(frozen=True)
class Authority(Holder):
    """One that issues certificates."""

    @classmethod
    def root(cls, name: str = "Root of Tests") -> Self:
        key, subject = new_key(), common_name(name)
        certificate = _issued(
            subject, key, subject, key, days=(-30, 365), extensions=_of_authority(key)
        )
        return cls(certificate, key)

    def intermediate(self, name: str = "Intermediate of Tests", *, path_length: int = 0) -> Self:
        key = new_key()
        certificate = _issued(
            common_name(name), key, self.certificate.subject, self.key,
            days=(-30, 365), extensions=_of_authority(key, path_length),
        )  # fmt: skip
        return type(self)(certificate, key, (certificate, *self.issuers))

    def issue(
        self,
        subject: x509.Name | str = "client.example",
        *,
        purposes: tuple[ObjectIdentifier, ...] = (CLIENT_AUTH,),
        days: tuple[int, int] = (-1, 30),
        names: tuple[x509.GeneralName, ...] = (x509.DNSName("client.example"),),
        more: tuple[x509.ExtensionType, ...] = (),
        is_critical: bool = False,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> Holder:
        """A certificate for a client.

        Args:
            purposes: of its extended key usage; without any it has no such extension.
            more: further extensions, critical or not.
            days: from and until when it is valid, counted from today.
            key: its key; None makes one.
        """
        key = key or new_key()
        extensions: list[x509.ExtensionType] = [
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        ]
        if names:
            extensions.append(x509.SubjectAlternativeName(names))
        if purposes:
            extensions.append(x509.ExtendedKeyUsage(purposes))
        subject = common_name(subject) if isinstance(subject, str) else subject
        certificate = _issued(
            subject, key, self.certificate.subject, self.key,
            days=days, extensions=[
                *((each, False) for each in extensions), *((each, is_critical) for each in more)
            ],
        )  # fmt: skip
        return Holder(certificate, key, self.issuers)


def self_signed(name: str = "client.example", *, days: tuple[int, int] = (-1, 30)) -> Holder:
    """A certificate that nobody but its holder vouches for."""
    key, subject = new_key(), common_name(name)
    return Holder(_issued(subject, key, subject, key, days=days, extensions=[]), key)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def ip_name(address: str) -> x509.IPAddress:
    return x509.IPAddress(ip_address(address))


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _of_authority(
    key: ec.EllipticCurvePrivateKey, path_length: int | None = None
) -> list[tuple[x509.ExtensionType, bool]]:
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]


def _issued(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    days: tuple[int, int],
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    first, last = (NOW + timedelta(days=each) for each in days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(issuer_key, hashes.SHA256())
