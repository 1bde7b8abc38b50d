"""Private keys of our own, and what they sign."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from joserfc.jwk import ECKey, OKPKey, RSAKey

from bezant.identity.jose.keys import Algorithm, Key, PublicKey, read_public_key
from bezant.identity.jose.tokens import SIGNATURES
from bezant.kernel.telemetry import Sensitive

_KINDS: Final[Mapping[Algorithm, type[Key]]] = {
    Algorithm.PS256: RSAKey,
    Algorithm.ES256: ECKey,
    Algorithm.EDDSA: OKPKey,
}
_RSA_BITS: Final = 3072


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey(Sensitive):
    """A key that signs.

    Attributes:
        kid: its name in the published set.
        algorithm: the only one that it is used with.
        key: the library's.
    """

    kid: str
    algorithm: Algorithm
    key: Key

    @classmethod
    def generate(cls, kid: str, algorithm: Algorithm) -> Self:
        """A new one, of the operating system's randomness."""
        match algorithm:
            case Algorithm.PS256:
                return cls(kid, algorithm, RSAKey.generate_key(_RSA_BITS))
            case Algorithm.ES256:
                return cls(kid, algorithm, ECKey.generate_key("P-256"))
            case Algorithm.EDDSA:
                return cls(kid, algorithm, OKPKey.generate_key("Ed25519"))

    @classmethod
    def read(cls, kid: str, algorithm: Algorithm, text: str) -> Self:
        """One that `write` wrote."""
        return cls(kid, algorithm, _KINDS[algorithm].import_key(json.loads(text)))

    def write(self) -> str:
        """The key as JSON, to be sealed at once."""
        return json.dumps(self.key.as_dict(private=True))

    def public_jwk(self) -> dict[str, Any]:
        """What is published of it (RFC 7517, section 4)."""
        members = self.key.as_dict(private=False)
        return {**members, "kid": self.kid, "use": "sig", "alg": self.algorithm.value}

    def public_key(self) -> PublicKey:
        """What verifies its signatures."""
        return read_public_key(self.public_jwk())

    def sign(self, claims: Mapping[str, Any], *, typ: str) -> str:
        """A token in compact serialization."""
        header = {"alg": self.algorithm.value, "typ": typ, "kid": self.kid}
        signed = f"{_encoded(header)}.{_encoded(claims)}"
        signature = SIGNATURES[self.algorithm].sign(signed.encode("ascii"), self.key)
        return f"{signed}.{_text(signature)}"


def _encoded(members: Mapping[str, Any]) -> str:
    return _text(json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode())


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
