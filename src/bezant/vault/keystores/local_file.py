"""The keystore file: root keys in versions, sealed under a key that a passphrase gives.

JSON: a header that says how, a digest that finds damage, and the root keys, encrypted together by
AES-256-GCM with the header as associated data, so that neither the parameters nor the versions can
be altered. The sealing key is Argon2id of the passphrase (RFC 9106).
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta, Struct

from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.files import read_private
from bezant.vault.keystores.passphrases import Custody

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
WHAT: Final = "keystore"

_SALT_BYTES: Final = 16
_RESTORE: Final = (
    "Restore it from a backup. Without it, what the vault holds stays sealed for good."
)


class Argon2(Struct, frozen=True):
    """Parameters of Argon2id, bounded so that an altered file cannot take all memory.

    The default is four times the memory of RFC 9106's second recommended choice (section 4): it is
    paid once, at the start.
    """

    memory_kib: Annotated[int, Meta(ge=8 * 1024, le=2 * 1024 * 1024)] = 256 * 1024
    passes: Annotated[int, Meta(ge=1, le=16)] = 3
    lanes: Annotated[int, Meta(ge=1, le=16)] = 4


class Root(Struct, frozen=True):
    """One version of the root key."""

    version: str
    created_at: datetime


class Header(Struct, frozen=True):
    """What is known without the passphrase, and cannot be altered with the file still opening.

    Attributes:
        id: of the keystore, so that another one in its place is noticed.
        argon2: how the passphrase becomes the sealing key.
        salt: for it.
        nonce: of the encryption; new at every writing.
        roots: the versions, oldest first; the last one wraps.
        custody: how the passphrase is divided; None for not at all.
    """

    id: str
    argon2: Argon2
    salt: Annotated[bytes, Meta(min_length=_SALT_BYTES, max_length=_SALT_BYTES)]
    nonce: Annotated[bytes, Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
    roots: Annotated[list[Root], Meta(min_length=1)]
    custody: Custody | None = None
    format: Literal["bezant keystore 1"] = "bezant keystore 1"

    def canonical(self) -> bytes:
        """The bytes that are bound to the keys."""
        return msgspec.json.encode(self, order="sorted")


class KeystoreFile(Struct, frozen=True):
    """The file as a whole."""

    header: Header
    sealed: bytes
    digest: str

    @classmethod
    def of(cls, header: Header, sealed: bytes) -> "KeystoreFile":
        """The file of these parts."""
        return cls(header, sealed, _digest(header, sealed))

    def encode(self) -> bytes:
        """Its bytes."""
        return msgspec.json.format(msgspec.json.encode(self)) + b"\n"


def load(path: Path) -> KeystoreFile:
    """Read a keystore file; its keys stay sealed.

    Raises:
        KeyStoreUnusable: it is missing, open to others, truncated or altered.
    """
    content = bytes(read_private(path, WHAT))
    try:
        file = msgspec.json.decode(content, type=KeystoreFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        # The message names a place and a bound, not what is there.
        raise KeyStoreUnusable(
            f"The keystore {path} is truncated or altered ({error}).", _RESTORE
        ) from None
    if not hmac.compare_digest(file.digest, _digest(file.header, file.sealed)):
        raise KeyStoreUnusable(f"The keystore {path} is damaged.", _RESTORE)
    return file


def sealing_key(header: Header, passphrase: bytearray) -> bytearray:
    """The key that a passphrase gives."""
    return bytearray(
        hash_secret_raw(
            bytes(passphrase),
            header.salt,
            time_cost=header.argon2.passes,
            memory_cost=header.argon2.memory_kib,
            parallelism=header.argon2.lanes,
            hash_len=KEY_BYTES,
            type=Type.ID,
        )
    )


def new_salt(random_bytes: Callable[[int], bytes]) -> bytes:
    """A salt for a sealing key."""
    return random_bytes(_SALT_BYTES)


def seal(header: Header, keys: dict[str, bytearray], key: bytearray) -> KeystoreFile:
    """The file with these root keys. The header's nonce is one that the key never met."""
    plaintext = bytearray().join(keys[root.version] for root in header.roots)
    assert len(plaintext) == KEY_BYTES * len(header.roots)
    sealed = AESGCM(key).encrypt(header.nonce, plaintext, header.canonical())
    plaintext[:] = bytes(len(plaintext))
    return KeystoreFile.of(header, sealed)


def unseal(path: Path, file: KeystoreFile, key: bytearray) -> dict[str, bytearray]:
    """The root keys by version.

    Raises:
        KeyStoreUnusable: the passphrase is another one, or the file was altered with care.
    """
    header = file.header
    plaintext = bytearray(KEY_BYTES * len(header.roots))
    if len(file.sealed) != len(plaintext) + TAG_BYTES:
        raise KeyStoreUnusable(f"The keystore {path} is damaged.", _RESTORE)
    try:
        AESGCM(key).decrypt_into(header.nonce, file.sealed, header.canonical(), plaintext)
    except InvalidTag:
        raise KeyStoreUnusable(
            f"The passphrase does not open the keystore {path}.",
            "Name the passphrase that it was sealed with last. If that is the one, the file was"
            " altered: restore it from a backup.",
        ) from None
    keys = {
        root.version: plaintext[at * KEY_BYTES : (at + 1) * KEY_BYTES]
        for at, root in enumerate(header.roots)
    }
    plaintext[:] = bytes(len(plaintext))
    return keys


def _digest(header: Header, sealed: bytes) -> str:
    """Finds damage, and tells it apart from a wrong passphrase; it proves nothing."""
    return hashlib.sha256(header.canonical() + b64encode(sealed)).hexdigest()
