"""What an operator does with a key store, apart from opening it: look at it, and reseal it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from bezant.vault.keystores.choice import KeyStoreChoice, LocalPlace, kind_of, place_of
from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.local import check_made, reseal
from bezant.vault.keystores.local_file import Root, load
from bezant.vault.keystores.opening import open_key_store
from bezant.vault.keystores.passphrases import (
    Custody,
    FilePassphrase,
    KeyringPassphrase,
    divide,
)

_PROBE = bytes(range(32))


class KeyStoreStatus(Struct, frozen=True):
    """A key store as it is.

    Attributes:
        kind: `local`, `pkcs11`, `transit` or `aws-kms`.
        place: where it is.
        current: the version that wraps.
        versions: all that open, where the key store tells.
        custody: how its passphrase is divided; None for not at all.
        is_open: whether it was opened, and opens what it wraps.
    """

    kind: str
    place: str
    current: str
    versions: list[Root] | None = None
    custody: Custody | None = None
    is_open: bool = False


async def key_store_status(choice: KeyStoreChoice) -> KeyStoreStatus:
    """Look at a key store. A local one stays sealed: its passphrase is not needed.

    Raises:
        KeyStoreUnusable: there is none, or it is damaged.
    """
    if isinstance(choice, LocalPlace):
        return await asyncio.to_thread(_local_status, choice.path)
    return await check_key_store(choice)


async def check_key_store(choice: KeyStoreChoice) -> KeyStoreStatus:
    """Open a key store, wrap a key, and see that it opens.

    Raises:
        KeyStoreUnusable: it does not.
    """
    store = await open_key_store(choice)
    try:
        wrapped = await store.wrap(_PROBE)
        assert await store.unwrap(wrapped) == _PROBE
    finally:
        await store.close()
    versions, custody = None, None
    if isinstance(choice, LocalPlace):
        status = await asyncio.to_thread(_local_status, choice.path)
        versions, custody = status.versions, status.custody
    return KeyStoreStatus(
        kind_of(choice), place_of(choice), wrapped.version, versions, custody, is_open=True
    )


async def rotate_passphrase(
    choice: KeyStoreChoice, new: FilePassphrase | KeyringPassphrase
) -> LocalPlace:
    """Seal a keystore file under another passphrase. The root keys stay.

    Returns:
        The choice that opens it from now on.

    Raises:
        KeyStoreUnusable: it is no file, or does not open; or the new passphrase cannot be kept.
    """
    place = _local(choice)
    if place.passphrase == new:
        raise KeyStoreUnusable(
            "That is the passphrase that the keystore is sealed with now.",
            "Name another file: the old one stays until the new one is known to open.",
        )
    await _resealed(place, lambda: (new.make(), None))
    return LocalPlace(place.path, new)


async def split_passphrase(
    choice: KeyStoreChoice, folder: Path, threshold: int, shares: int
) -> Custody:
    """Seal a keystore file under a new passphrase that only custodians have, each a share.

    Args:
        choice: the keystore, as it opens now: by a passphrase, or by enough shares of before.
        folder: is made; each file in it goes to one custodian.
        threshold: how many shares open it.
        shares: how many are made.

    Raises:
        KeyStoreUnusable: it is no file, or does not open; or the folder cannot be made.
    """
    if threshold > shares:
        raise KeyStoreUnusable(
            f"{threshold} of {shares} shares can never be together.",
            "Make at least as many shares as open it.",
        )
    custody = await _resealed(_local(choice), lambda: divide(folder, threshold, shares))
    assert custody is not None
    return custody


async def _resealed(
    place: LocalPlace, new: Callable[[], tuple[bytearray, Custody | None]]
) -> Custody | None:
    header = await asyncio.to_thread(reseal, place.path, place.passphrase, new)
    return header.custody


def _local(choice: KeyStoreChoice) -> LocalPlace:
    if not isinstance(choice, LocalPlace):
        raise KeyStoreUnusable(
            "Only a keystore file has a passphrase.",
            "Rotate the credential of another key store where it was issued.",
        )
    return choice


def _local_status(path: Path) -> KeyStoreStatus:
    check_made(path)
    header = load(path).header
    current = header.roots[-1].version
    return KeyStoreStatus("local", str(path), current, header.roots, header.custody)
