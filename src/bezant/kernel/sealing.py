"""Sealed secrets: those of the platform itself, which the database keeps and cannot read.

A `SecretSealer` turns a secret into bytes that only it opens again, and only in the same context
(the row that it belongs to), so that a sealed secret copied into another row opens to nothing. What
identifies people is not sealed here but in the vault: see `bezant.kernel.sealed`.
"""

import hashlib
import os
from collections.abc import Callable
from typing import Final, NewType, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bezant.kernel.telemetry import Sensitive

KEY_BYTES: Final = 32

SealedSecret = NewType("SealedSecret", bytes)
"""What a `SecretSealer` made; fit for a database, a backup and a replica."""

_FORM: Final = b"\x01"
_KEY_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12


class SealBroken(Exception):  # noqa: N818 - what happened to the seal
    """The value was altered, belongs elsewhere, or was sealed under a key that is not at hand."""


class SecretSealer(Protocol):
    """Where secrets go before they are stored."""

    def seal(self, secret: bytes, context: bytes) -> SealedSecret:
        """Seal `secret` for the place that `context` names."""
        ...

    def open(self, sealed: SealedSecret, context: bytes) -> bytes:
        """The secret.

        Raises:
            SealBroken: altered, of another place, or sealed under an unknown key.
        """
        ...


class KeySealer(Sensitive):
    """AES-256-GCM under a key of the server: `01 | key id | nonce | ciphertext and tag`.

    The nonce is random: at 2^32 seals under one key the odds of a repeat reach 2^-32 (NIST SP
    800-38D, section 8.3), which endpoints and their rotations never come near.

    Args:
        key: 32 bytes, under which values are sealed and opened.
        former: keys that values may still be sealed under.
        random_bytes: where nonces come from.
    """

    def __init__(
        self,
        key: bytes,
        former: tuple[bytes, ...] = (),
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        assert all(len(each) == KEY_BYTES for each in (key, *former))
        self._key_id = _key_id(key)
        self._ciphers = {_key_id(each): AESGCM(each) for each in (key, *former)}
        self._random_bytes = random_bytes

    def seal(self, secret: bytes, context: bytes) -> SealedSecret:
        """Seal `secret` for the place that `context` names."""
        head = _FORM + self._key_id
        nonce = self._random_bytes(_NONCE_BYTES)
        cipher = self._ciphers[self._key_id]
        return SealedSecret(head + nonce + cipher.encrypt(nonce, secret, head + context))

    def open(self, sealed: SealedSecret, context: bytes) -> bytes:
        """The secret.

        Raises:
            SealBroken: altered, of another place, or sealed under an unknown key.
        """
        head, rest = sealed[: 1 + _KEY_ID_BYTES], sealed[1 + _KEY_ID_BYTES :]
        cipher = self._ciphers.get(head[1:])
        if head[:1] != _FORM or cipher is None:
            raise SealBroken("It was sealed under a key that is not at hand.")
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head + context)
        except (InvalidTag, ValueError):
            raise SealBroken("It was altered, or belongs elsewhere.") from None


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"bezant sealing key" + key).digest()[:_KEY_ID_BYTES]
