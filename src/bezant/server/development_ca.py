"""A certificate authority for development, and the server's certificate from it.

Made on first use in the data folder's `tls`:

```
ca.pem      what clients trust: `curl --cacert …`       ca.key      0600
server.pem  the server's certificate and the authority's  server.key  0600
```

The authority may sign for this server's names only (RFC 5280, section 4.2.1.10, name constraints),
so that trusting it in a browser, or losing its key, puts no other site at risk.
"""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bezant.kernel.clock import Clock

LEAF_LIFETIME: Final = timedelta(days=90)
LEAF_RENEWED_BEFORE: Final = timedelta(days=30)
_CA_LIFETIME: Final = timedelta(days=5 * 365)
# Room for clocks that are a little behind.
_BACKDATED: Final = timedelta(minutes=5)

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_WILDCARDS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - recognized here, not bound to


class DevelopmentCa:
    """The files of one data folder.

    Attributes:
        ca: the authority's certificate, for clients.
        certificate: the server's chain.
        key: the server's private key.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._ca_key = folder / "ca.key"
        self.ca = folder / "ca.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"

    def ensure(self, *hosts: str) -> bool:
        """Make or renew what is missing, made for other names, or about to expire.

        Args:
            hosts: the names or addresses that servers listen on, besides the loopback names.

        Returns:
            Whether the server's certificate is a new one.
        """
        now = self._clock.now()
        names = _names(hosts)
        authority = self._authority(names, now)
        if authority is None:
            authority = self._make_authority(names, now)
        elif self._is_leaf_current(authority[0], names, now):
            return False
        self._make_leaf(authority, names, now)
        return True

    def _authority(
        self, names: list[x509.GeneralName], now: datetime
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
        """The authority on disk, if it can sign for `names` for a leaf's whole life."""
        try:
            certificate = x509.load_pem_x509_certificate(self.ca.read_bytes())
            key = serialization.load_pem_private_key(self._ca_key.read_bytes(), password=None)
            constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
        except (FileNotFoundError, ValueError, x509.ExtensionNotFound):
            return None
        is_pair = isinstance(key, ec.EllipticCurvePrivateKey) and _is_pair(certificate, key)
        if not is_pair or certificate.not_valid_after_utc < now + LEAF_LIFETIME:
            return None
        permitted = constraints.value.permitted_subtrees or []
        if not all(_constraint(name) in permitted for name in names):
            return None
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return certificate, key

    def _is_leaf_current(
        self, ca: x509.Certificate, names: list[x509.GeneralName], now: datetime
    ) -> bool:
        try:
            leaf = x509.load_pem_x509_certificate(self.certificate.read_bytes())
            key = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
            held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            leaf.verify_directly_issued_by(ca)
        except (FileNotFoundError, InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
            return False
        is_pair = isinstance(key, ec.EllipticCurvePrivateKey) and _is_pair(leaf, key)
        return (
            is_pair
            and list(held) == names
            and leaf.not_valid_after_utc >= now + LEAF_RENEWED_BEFORE
        )

    def _make_authority(
        self, names: list[x509.GeneralName], now: datetime
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        # The key's fingerprint in the name: after a renewal, a client that trusts the old one says
        # so clearly.
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        name = _name(f"Bezant development CA {identifier.digest.hex()[:8]}")
        certificate = (
            _builder(name, name, key.public_key(), now, _CA_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.NameConstraints([_constraint(name) for name in names], None), critical=True
            )
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        self._write(self._ca_key, _pem(key), 0o600)
        self._write(self.ca, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        return certificate, key

    def _make_leaf(
        self,
        authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
        names: list[x509.GeneralName],
        now: datetime,
    ) -> None:
        ca, ca_key = authority
        key = ec.generate_private_key(ec.SECP256R1())
        ca_identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        certificate = (
            _builder(_name("Bezant"), ca.subject, key.public_key(), now, LEAF_LIFETIME)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_identifier),
                critical=False,
            )
            .sign(ca_key, hashes.SHA256())
        )
        chain = b"".join(
            each.public_bytes(serialization.Encoding.PEM) for each in (certificate, ca)
        )
        self._write(self.key, _pem(key), 0o600)
        self._write(self.certificate, chain, 0o644)

    def _write(self, path: Path, content: bytes, mode: int) -> None:
        """Replace a file as a whole, with its mode from the first byte on."""
        temporary = path.with_name(path.name + ".new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - takes the descriptor
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)


def _names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    named = dict.fromkeys((*_LOOPBACK, *hosts))
    return [_general_name(name) for name in named if name not in _WILDCARDS]


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _constraint(name: x509.GeneralName) -> x509.GeneralName:
    """The subtree that holds `name` and, for a host name, those below it."""
    if isinstance(name, x509.IPAddress):
        return x509.IPAddress(ip_network(name.value))
    return name


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lifetime)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
    return certificate.public_key() == key.public_key()


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
