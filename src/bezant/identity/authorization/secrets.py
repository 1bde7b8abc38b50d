"""Random texts that are worth something, and what is stored instead of them."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Final

SECRET_BYTES: Final = 32


def write_secret(random: bytes) -> str:
    """256 random bits as text."""
    assert len(random) == SECRET_BYTES
    return urlsafe_b64encode(random).rstrip(b"=").decode()


def digest(text: str) -> bytes:
    """What is stored instead of a secret: 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).digest()


def challenge_of(verifier: str) -> str:
    """The PKCE challenge of a verifier, by S256 (RFC 7636, section 4.2)."""
    return urlsafe_b64encode(digest(verifier)).rstrip(b"=").decode()
