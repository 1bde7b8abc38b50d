"""Keys and certificates of the clients that speak to a server under test."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import ECKey, OKPKey, RSAKey


@dataclass(frozen=True)
class Certificate:
    """A self-signed client certificate, as files for a TLS client."""

    path: Path
    key_path: Path
    der: bytes

    @classmethod
    def made(cls, folder: Path, name: str) -> "Certificate":
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        key = ec.generate_private_key(ec.SECP256R1())
        return cls._written(folder, name, key, [(usage, False)])

    @classmethod
    def _written(
        cls,
        folder: Path,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> "Certificate":
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
        )
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, critical=is_critical)
        certificate = builder.sign(key, hashes.SHA256())
        path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return cls(path, key_path, certificate.public_bytes(serialization.Encoding.DER))

    @classmethod
    def for_server(cls, folder: Path) -> "Certificate":
        """Of a server on this machine, which is its own authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        return cls._written(
            folder,
            "server",
            key,
            [(names, False), (x509.BasicConstraints(ca=True, path_length=0), True)],
        )

    @property
    def thumbprint(self) -> str:
        """`x5t#S256` (RFC 8705, section 3.1)."""
        digest = hashlib.sha256(self.der).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def public_jwk(self) -> dict[str, Any]:
        """Its key as a JWK with the certificate, as a self-signed client registers it."""
        pem = self.key_path.read_text()
        public: dict[str, Any] = ECKey.import_key(pem).as_dict(private=False)
        return {**public, "use": "sig", "x5c": [base64.b64encode(self.der).decode()]}


@dataclass(frozen=True)
class Keys:
    """What a client has: keys that sign for it, keys that it proves to hold, a certificate."""

    certificate: Certificate
    signing: ECKey = field(default_factory=lambda: _ec("signing"))
    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "rsa"}))
    edwards: OKPKey = field(
        default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "edwards"})
    )
    dpop: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))

    def jwks(self) -> dict[str, Any]:
        """What a client that authenticates with signatures registers.

        The RSA key is for PS256, and has no `alg`, so that a server which takes RS256 can be found
        out.
        """
        keys: list[ECKey | RSAKey | OKPKey] = [self.signing, self.rsa, self.edwards]
        return {"keys": [{**key.as_dict(private=False), "use": "sig"} for key in keys]}

    def jwks_with_certificate(self) -> dict[str, Any]:
        """The same with the certificate."""
        return {"keys": [*self.jwks()["keys"], self.certificate.public_jwk()]}


def _ec(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})
