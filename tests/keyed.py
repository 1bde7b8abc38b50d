"""A key store of the tests: its root is a file, and it knows nothing of the platform."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bezant.vault.keystores import KeyRefused, Wrapped


class FileKeyStore:
    """One version, whose root is in a file that is made when it is missing."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(os.urandom(32))
        self._cipher = AESGCM(file.read_bytes())

    async def current(self) -> str:
        return "1"

    async def wrap(self, plaintext: bytes) -> Wrapped:
        nonce = os.urandom(12)
        return Wrapped("1", nonce + self._cipher.encrypt(nonce, plaintext, None))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        try:
            return self._cipher.decrypt(wrapped.blob[:12], wrapped.blob[12:], None)
        except InvalidTag:
            raise KeyRefused("Not of this root.") from None

    async def rotate(self) -> str:
        raise NotImplementedError

    async def destroy(self, version: str) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        return None
