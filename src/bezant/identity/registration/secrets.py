"""The two tokens of registration, which are told once and kept as digests."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Final

SECRET_BYTES: Final = 32

INITIAL: Final = "bzi_"
"""What an initial access token begins with, so that those who search for secrets find it."""

REGISTRATION: Final = "bzr_"
"""The same for a registration access token."""


def write_secret(prefix: str, random: bytes) -> str:
    """256 random bits as text."""
    assert len(random) == SECRET_BYTES
    return prefix + urlsafe_b64encode(random).rstrip(b"=").decode()


def digest(text: str) -> bytes:
    """What is stored instead: 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).digest()
