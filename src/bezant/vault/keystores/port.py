"""The port of key stores: they wrap and unwrap keys under a root that never leaves them."""

import hashlib
import hmac
from typing import Final, Protocol

from msgspec import Struct

from bezant.kernel.sealed import KeyStoreDown

__all__ = ["BoundKeys", "KeyRefused", "KeyStore", "KeyStoreDown", "Wrapped"]

_DIGEST_BYTES: Final = 32


class Wrapped(Struct, frozen=True):
    """A key that only its key store opens; fit for a database.

    Attributes:
        version: of the root that wrapped it, as the key store calls it.
        blob: what the key store made of it.
    """

    version: str
    blob: bytes


class KeyRefused(Exception):  # noqa: N818 - what the key store said
    """It was altered, belongs elsewhere, or its root is destroyed or of another key store."""


class KeyStore(Protocol):
    """A root key in versions: one wraps, the former ones still unwrap until they are destroyed.

    Every method raises `KeyStoreDown` when the store cannot be asked.
    """

    async def current(self) -> str:
        """The version that wraps."""
        ...

    async def wrap(self, plaintext: bytes) -> Wrapped:
        """Wrap 32 to 96 bytes under the current version."""
        ...

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """The bytes.

        Raises:
            KeyRefused: altered, of another root, or its version is destroyed.
        """
        ...

    async def rotate(self) -> str:
        """Make a version that wraps from now on; the former ones still unwrap."""
        ...

    async def destroy(self, version: str) -> None:
        """End a former version, the oldest first: what it wrapped stays closed. Again is no error.

        Raises:
            KeyRefused: it is the current one; or an older one opens, which some stores end first.
        """
        ...

    async def close(self) -> None:
        """Let go of what is open, and of keys in memory."""
        ...


class BoundKeys:
    """A key store whose keys open in their own context only.

    Key stores differ: key wrap with padding (RFC 5649) has no associated data, a cloud writes its
    encryption context into a log in the clear. So the context's SHA-256 is wrapped with the key.
    """

    def __init__(self, store: KeyStore) -> None:
        self._store = store

    async def wrap(self, key: bytes, context: bytes) -> Wrapped:
        """Wrap `key` for the place that `context` names."""
        return await self._store.wrap(hashlib.sha256(context).digest() + key)

    async def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        """The key.

        Raises:
            KeyRefused: altered, of another place or another root.
        """
        plaintext = await self._store.unwrap(wrapped)
        bound, key = plaintext[:_DIGEST_BYTES], plaintext[_DIGEST_BYTES:]
        if not hmac.compare_digest(bound, hashlib.sha256(context).digest()):
            raise KeyRefused("The key belongs elsewhere.")
        return key
