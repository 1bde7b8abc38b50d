"""Signatures of the Standard Webhooks specification, 1.0.0.

A message is signed as `{id}.{timestamp}.{body}`. `webhook-signature` holds one signature per key,
separated by spaces, so that a receiver verifies during a rotation with the old key or the new one.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bezant.kernel.telemetry import Sensitive

KeyKind = Literal["hmac", "ed25519"]

SECRET_BYTES: Final = 32
"""Of the 24 to 64 that the specification allows (Signature scheme)."""

_SECRET_BYTES_MIN: Final = 24
_SECRET_BYTES_MAX: Final = 64
_SEED_BYTES: Final = 32
_SYMMETRIC: Final = "whsec_"
_PRIVATE: Final = "whsk_"
_PUBLIC: Final = "whpk_"


class SigningKey(Protocol):
    """A key that signs messages."""

    @property
    def public(self) -> str | None:
        """What a receiver verifies with, where that is no secret."""
        ...

    def write(self) -> str:
        """The key as the specification serializes it: the whole secret."""
        ...

    def sign(self, content: bytes) -> str:
        """A signature with its identifier, such as `v1,K5oZ…`."""
        ...


class HmacKey(Sensitive):
    """HMAC-SHA256: both sides know the secret (`whsec_…`, `v1`)."""

    def __init__(self, secret: bytes) -> None:
        assert _SECRET_BYTES_MIN <= len(secret) <= _SECRET_BYTES_MAX
        self._secret = secret

    @property
    def public(self) -> str | None:
        """Nothing: whoever can verify can sign."""
        return None

    def write(self) -> str:
        """`whsec_` and the secret."""
        return _SYMMETRIC + b64encode(self._secret).decode()

    def sign(self, content: bytes) -> str:
        """A `v1` signature."""
        digest = hmac.new(self._secret, content, hashlib.sha256).digest()
        return "v1," + b64encode(digest).decode()


class Ed25519Key(Sensitive):
    """Ed25519: the receiver has the public half alone (`whpk_…`, `v1a`)."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> str:
        """`whpk_` and the public key."""
        return _PUBLIC + b64encode(self._public_bytes()).decode()

    def write(self) -> str:
        """`whsk_` and the pair: the seed, then the public key (as RFC 8032 implementations do)."""
        return _PRIVATE + b64encode(self._seed + self._public_bytes()).decode()

    def sign(self, content: bytes) -> str:
        """A `v1a` signature."""
        return "v1a," + b64encode(self._key.sign(content)).decode()

    def _public_bytes(self) -> bytes:
        return self._key.public_key().public_bytes_raw()


def new_key(kind: KeyKind, random_bytes: Callable[[int], bytes]) -> SigningKey:
    """A new key of a kind."""
    if kind == "hmac":
        return HmacKey(random_bytes(SECRET_BYTES))
    return Ed25519Key(random_bytes(_SEED_BYTES))


def read_key(text: str) -> SigningKey:
    """The key that `write` wrote.

    Raises:
        ValueError: it is none. The message does not quote it.
    """
    prefix, _, encoded = text.partition("_")
    raw = b64decode(encoded, validate=True)
    match prefix + "_":
        case "whsec_" if _SECRET_BYTES_MIN <= len(raw) <= _SECRET_BYTES_MAX:
            return HmacKey(raw)
        case "whsk_" if len(raw) == 2 * _SEED_BYTES:
            key = Ed25519Key(raw[:_SEED_BYTES])
            if hmac.compare_digest(key.write(), text):
                return key
    raise ValueError("no signing key of the Standard Webhooks specification")


def signed_headers(
    message_id: str, at: datetime, body: bytes, keys: Sequence[SigningKey]
) -> Mapping[str, str]:
    """The headers of one attempt.

    Args:
        message_id: the same for every attempt; without a full stop, which separates what is signed.
        at: when the attempt is made.
        body: exactly what is sent.
        keys: those in use, at least one.
    """
    assert keys
    assert "." not in message_id
    timestamp = str(int(at.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(key.sign(content) for key in keys),
    }
