"""The key that what payments say is sealed under: of its own, so that the vault knows no other."""

import hashlib
import hmac
from typing import Final

from bezant.kernel.sealing import KeySealer

_PURPOSE: Final = b"bezant: what payments say"


def contents_key(sealing_key: bytes) -> bytes:
    """The key, which follows from the platform's; that does not follow from it."""
    return hmac.digest(sealing_key, _PURPOSE, hashlib.sha256)


def contents_sealer(sealing_key: bytes) -> KeySealer:
    """What seals under it, and opens what was sealed under the platform's own key before."""
    return KeySealer(contents_key(sealing_key), former=(sealing_key,))
