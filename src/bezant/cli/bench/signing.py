"""A client's keys: assertions and DPoP proofs by ES256, made at little cost."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

_SIGNATURE = ec.ECDSA(SHA256())
_COORDINATE_BYTES = 32


class SigningClient:
    """Signs what a client proves itself by, with one key for both purposes.

    Attributes:
        jwk: the public key.
    """

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.jwk = jwk_of(self._key.public_key())
        self._asserting = _json({"alg": "ES256", "typ": "JWT"})
        self._proving = _json({"alg": "ES256", "typ": "dpop+jwt", "jwk": self.jwk})

    @property
    def thumbprint(self) -> str:
        """Of the key (RFC 7638): its members in the order of their names."""
        return hash_of(msgspec.json.encode(self.jwk, order="sorted").decode())

    def assertion(self, client_id: str, issuer: str) -> str:
        """Authenticates a client once, within five minutes (RFC 7523, section 3)."""
        now = int(time.time())
        claims = {"iss": client_id, "sub": client_id, "aud": issuer, "iat": now, "exp": now + 300}
        return self._sign(self._asserting, claims)

    def proof(self, method: str, url: str, **claims: str) -> str:
        """Proves the key with one request (RFC 9449, section 4.2)."""
        return self._sign(
            self._proving, {"htm": method, "htu": url, "iat": int(time.time()), **claims}
        )

    def _sign(self, header: str, claims: Mapping[str, Any]) -> str:
        signed = f"{header}.{_json({'jti': str(uuid4()), **claims})}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), _SIGNATURE))
        # RFC 7518, section 3.4: the two numbers one after the other.
        raw = r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES)
        return f"{signed}.{_text(raw)}"


def jwk_of(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """A key on P-256 as a JSON Web Key (RFC 7518, section 6.2.1)."""
    numbers = key.public_numbers()
    x, y = (_text(each.to_bytes(_COORDINATE_BYTES)) for each in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def hash_of(text: str) -> str:
    """Its SHA-256, as a proof's `ath` has it of an access token (RFC 9449, section 4.2)."""
    return _text(sha256(text.encode()).digest())


def _json(value: Mapping[str, Any]) -> str:
    return _text(msgspec.json.encode(value))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
