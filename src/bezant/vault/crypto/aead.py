"""AES-256-GCM (NIST SP 800-38D): `01 | nonce | ciphertext and tag`, bound to a context."""

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bezant.kernel.sealing import SealBroken
from bezant.vault.crypto.keys import KeyBytes

MESSAGES_PER_KEY_MAX: Final = 1 << 20
"""How much is sealed under one version of a key before the next one is made.

Two equal nonces under one key reveal both messages and the key of the tag. SP 800-38D, section 8.3,
allows 2^32 random 96-bit nonces, where the odds of a repeat are 2^-32. At 2^20 they are 2^-57; and
counts that several processes keep may run over by a few without coming near the standard's limit.
"""

PLAINTEXT_BYTES_MAX: Final = 1 << 24
"""A value is held in memory as a whole. Far below what GCM allows for one message, 2^36 - 32."""

_FORM: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEAD_BYTES: Final = len(_FORM) + _NONCE_BYTES


def encrypt(
    key: KeyBytes, plaintext: bytes, context: bytes, random_bytes: Callable[[int], bytes]
) -> bytes:
    """Seal a value.

    Args:
        key: has sealed fewer than `MESSAGES_PER_KEY_MAX` messages.
        plaintext: at most `PLAINTEXT_BYTES_MAX`.
        context: the associated data, without which it does not open.
        random_bytes: where the nonce comes from.
    """
    assert len(plaintext) <= PLAINTEXT_BYTES_MAX
    nonce = random_bytes(_NONCE_BYTES)
    assert len(nonce) == _NONCE_BYTES
    return _FORM + nonce + AESGCM(key.raw).encrypt(nonce, plaintext, context)


def decrypt(key: KeyBytes, sealed: bytes, context: bytes) -> bytes:
    """The value.

    Raises:
        SealBroken: altered, cut, of another place, or sealed under another key.
    """
    if sealed[: len(_FORM)] != _FORM or len(sealed) < _HEAD_BYTES + _TAG_BYTES:
        raise SealBroken("It is not of the form that the vault seals in.")
    nonce, rest = sealed[len(_FORM) : _HEAD_BYTES], sealed[_HEAD_BYTES:]
    try:
        return AESGCM(key.raw).decrypt(nonce, rest, context)
    except InvalidTag:
        raise SealBroken("It was altered, or belongs elsewhere.") from None
