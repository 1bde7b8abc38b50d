"""The embedded default: root keys in a file, sealed by a passphrase.

One process serves from it. Another one that changes it (`bezant vault keystore`) takes the same
lock, and what it changed is read before the file is written again.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import structs

from bezant.kernel.clock import Clock, SystemClock
from bezant.kernel.telemetry import Sensitive
from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.files import explained, read_private, wipe, write_private
from bezant.vault.keystores.local_file import (
    KEY_BYTES,
    NONCE_BYTES,
    WHAT,
    Argon2,
    Header,
    Root,
    load,
    new_salt,
    seal,
    sealing_key,
    unseal,
)
from bezant.vault.keystores.passphrases import Custody, Passphrase
from bezant.vault.keystores.port import KeyRefused, KeyStoreDown, Wrapped

_ID_BYTES: Final = 8
_MARKER: Final = "keystore's marker"
_BOUND: Final = b"bezant root key "


@dataclass(frozen=True, slots=True, repr=False)
class _Open(Sensitive):
    """What is in memory, replaced as a whole."""

    header: Header
    roots: dict[str, bytearray]

    @property
    def current(self) -> str:
        return self.header.roots[-1].version


class LocalKeyStore(Sensitive):
    """A keystore file, open.

    Args:
        path: the file.
        header: what it says about itself.
        key: that it is sealed under.
        roots: the root keys by version.
        clock: when versions are made.
        random_bytes: where keys and nonces come from.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        key: bytearray,
        roots: dict[str, bytearray],
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._path = path
        self._open = _Open(header, roots)
        self._key = key
        self._clock = clock
        self._random_bytes = random_bytes
        self._changing = asyncio.Lock()

    @classmethod
    def open(
        cls,
        path: Path,
        passphrase: Passphrase,
        *,
        clock: Clock | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> "LocalKeyStore":
        """Open a keystore file. It takes a while (Argon2id), so do it in a thread.

        Raises:
            KeyStoreUnusable: there is none, or it does not open.
        """
        check_made(path)
        file = load(path)
        _check_marker(path, file.header.id)
        secret = passphrase.read(file.header.custody)
        key = sealing_key(file.header, secret)
        wipe(secret)
        roots = unseal(path, file, key)
        return cls(path, file.header, key, roots, clock or SystemClock(), random_bytes)

    async def current(self) -> str:
        """The version that wraps."""
        return self._open.current

    async def wrap(self, plaintext: bytes) -> Wrapped:
        """Wrap under the current version: `nonce | ciphertext and tag`."""
        version = self._open.current
        nonce = self._random_bytes(NONCE_BYTES)
        cipher = AESGCM(self._root(version))
        return Wrapped(version, nonce + cipher.encrypt(nonce, plaintext, _BOUND + version.encode()))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """The bytes."""
        if wrapped.version not in self._open.roots:
            # Another process may have made it.
            await self._change(lambda open_: open_)
        cipher = AESGCM(self._root(wrapped.version))
        nonce, sealed = wrapped.blob[:NONCE_BYTES], wrapped.blob[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, sealed, _BOUND + wrapped.version.encode())
        except (InvalidTag, ValueError):
            raise KeyRefused("It was altered, or another key store wrapped it.") from None

    async def rotate(self) -> str:
        """Make a version that wraps from now on."""

        def add(open_: _Open) -> _Open:
            version = str(int(open_.current) + 1)
            versions = [*open_.header.roots, Root(version, self._clock.now())]
            root = bytearray(self._random_bytes(KEY_BYTES))
            return self._written(open_, versions, {**open_.roots, version: root})

        await self._change(add)
        return self._open.current

    async def destroy(self, version: str) -> None:
        """End a former version."""

        def remove(open_: _Open) -> _Open:
            if version == open_.current:
                raise KeyRefused(f"Version {version} is the one that wraps.")
            if version not in open_.roots:
                return open_
            versions = [root for root in open_.header.roots if root.version != version]
            roots = {each: key for each, key in open_.roots.items() if each != version}
            return self._written(open_, versions, roots)

        await self._change(remove)

    async def close(self) -> None:
        """Zero the keys."""
        wipe(self._key, *self._open.roots.values())
        self._open = _Open(self._open.header, {})

    def _root(self, version: str) -> bytearray:
        root = self._open.roots.get(version)
        if root is None:
            raise KeyRefused(f"Version {version} is destroyed, or of another key store.")
        return root

    async def _change(self, change: Callable[["_Open"], "_Open"]) -> None:
        """Change the file, in a thread and under its lock, beginning from what it holds now."""

        def do() -> _Open:
            with locked(self._path):
                return change(self._reread())

        async with self._changing:
            try:
                changed = await asyncio.to_thread(do)
            except KeyStoreUnusable as error:
                raise KeyStoreDown("The keystore file cannot be used any more.") from error
            # Only here, between two turns of the loop: nobody holds a root that is zeroed.
            former, self._open = self._open, changed
            kept = {id(root) for root in changed.roots.values()}
            wipe(*(root for root in former.roots.values() if id(root) not in kept))

    def _reread(self) -> "_Open":
        """What the file holds, should another process have changed it."""
        file = load(self._path)
        if file.header == self._open.header:
            return self._open
        if file.header.salt != self._open.header.salt:
            raise KeyStoreUnusable(
                f"The keystore {self._path} was sealed anew since it was opened.",
                "Restart the vault, with the new passphrase.",
            )
        return _Open(file.header, unseal(self._path, file, self._key))

    def _written(
        self, open_: "_Open", versions: list[Root], roots: dict[str, bytearray]
    ) -> "_Open":
        nonce = self._random_bytes(NONCE_BYTES)
        header = structs.replace(open_.header, roots=versions, nonce=nonce)
        write_private(self._path, seal(header, roots, self._key).encode(), WHAT, is_new=False)
        return _Open(header, roots)


def create(
    path: Path,
    passphrase: bytearray,
    custody: Custody | None = None,
    *,
    argon2: Argon2 | None = None,
    clock: Clock | None = None,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> None:
    """Make a keystore file with a first root key, and a marker that it was made.

    Raises:
        KeyStoreUnusable: there is one, or was one.
    """
    check_free(path)
    header = Header(
        id=random_bytes(_ID_BYTES).hex(),
        argon2=argon2 or Argon2(),
        salt=new_salt(random_bytes),
        nonce=random_bytes(NONCE_BYTES),
        roots=[Root("1", (clock or SystemClock()).now())],
        custody=custody,
    )
    roots = {"1": bytearray(random_bytes(KEY_BYTES))}
    key = sealing_key(header, passphrase)
    content = seal(header, roots, key).encode()
    wipe(key, *roots.values())
    # The keystore first: one without a marker opens, and a marker alone would refuse for ever.
    write_private(path, content, WHAT, is_new=True)
    _mark(path, header.id)


def reseal(
    path: Path,
    old: Passphrase,
    new: Callable[[], tuple[bytearray, Custody | None]],
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Header:
    """Seal a keystore under another passphrase: the old one, and its shares, open it no more.

    Args:
        path: the file.
        old: opens it now.
        new: makes the new passphrase, and keeps it durably, before it returns.
        random_bytes: where salt and nonce come from.

    Raises:
        KeyStoreUnusable: it does not open; or the new passphrase cannot be kept. It stays as it is.
    """
    check_made(path)
    with locked(path):
        file = load(path)
        secret = old.read(file.header.custody)
        key = sealing_key(file.header, secret)
        roots = unseal(path, file, key)
        passphrase, custody = new()
        header = structs.replace(
            file.header,
            salt=new_salt(random_bytes),
            nonce=random_bytes(NONCE_BYTES),
            custody=custody,
        )
        new_key = sealing_key(header, passphrase)
        content = seal(header, roots, new_key).encode()
        wipe(secret, key, passphrase, new_key, *roots.values())
        write_private(path, content, WHAT, is_new=False)
    return header


def is_made(path: Path) -> bool:
    """Whether a keystore is or was here: then none is ever made in its place."""
    return path.exists() or _marker(path).exists()


def check_free(path: Path) -> None:
    """Refuse a place where a keystore is or was.

    Raises:
        KeyStoreUnusable: there is or was one.
    """
    if path.exists():
        raise KeyStoreUnusable(
            f"There is a keystore at {path} already, and it stays.",
            "Use it, or name another path.",
        )
    check_made(path, is_needed=False)


def check_made(path: Path, *, is_needed: bool = True) -> None:
    """Refuse a place whose keystore is gone, or where none was made yet.

    Raises:
        KeyStoreUnusable: saying which.
    """
    if path.exists():
        return
    if _marker(path).exists():
        raise KeyStoreUnusable(
            f"The keystore {path} is gone: {_marker(path).name} says that there was one.",
            "Restore it from a backup: what the vault holds opens with no other one.",
        )
    if is_needed:
        raise KeyStoreUnusable(
            f"There is no keystore at {path}.", "Make one: bezant vault keystore create."
        )


def _check_marker(path: Path, keystore_id: str) -> None:
    """Refuse a keystore in the place of another one."""
    marker = _marker(path)
    if not marker.exists():
        # Brought here from a backup, or we were killed just before.
        _mark(path, keystore_id)
    if bytes(read_private(marker, _MARKER)).strip() != keystore_id.encode():
        raise KeyStoreUnusable(
            f"The keystore {path} is another one than was made here ({marker.name}).",
            "Restore the one that belongs here from a backup.",
        )


def _mark(path: Path, keystore_id: str) -> None:
    write_private(_marker(path), f"{keystore_id}\n".encode(), _MARKER, is_new=True)


def _marker(path: Path) -> Path:
    return path.with_name(path.name + ".made")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from changing the file meanwhile."""
    lock = path.with_name(path.name + ".lock")
    with explained(lock, "keystore's lock"):
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
