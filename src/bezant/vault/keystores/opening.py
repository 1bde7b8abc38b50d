"""From a choice to an open key store; what is wrong is told before anything is served."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from bezant.vault.keystores import local
from bezant.vault.keystores.choice import (
    KeyStoreChoice,
    KmsPlace,
    LocalPlace,
    Pkcs11Place,
    place_of,
)
from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.files import wipe
from bezant.vault.keystores.local_file import Argon2
from bezant.vault.keystores.passphrases import SharesPassphrase
from bezant.vault.keystores.port import KeyStore, KeyStoreDown


class _Outside(KeyStore, Protocol):
    """A key store that others run."""

    async def check(self) -> None: ...

    async def create(self) -> None: ...


async def open_key_store(choice: KeyStoreChoice) -> KeyStore:
    """Open a key store, and see that it can be used. It makes none.

    Raises:
        KeyStoreUnusable: it is missing, damaged, closed to us, not fit, or does not answer.
    """
    if isinstance(choice, LocalPlace):
        return await asyncio.to_thread(local.LocalKeyStore.open, choice.path, choice.passphrase)
    store = _outside(choice)
    try:
        await _explained(choice, store.check())
    except BaseException:
        await store.close()
        raise
    return store


async def create_key_store(choice: KeyStoreChoice, argon2: Argon2 | None = None) -> None:
    """Make a key store. A local one's passphrase is made as well, if there is none.

    Raises:
        KeyStoreUnusable: there is one, or was one; or it cannot be made.
    """
    if isinstance(choice, LocalPlace):
        await asyncio.to_thread(_create_local, choice, argon2)
        return
    store = _outside(choice)
    try:
        await _explained(choice, store.create())
    finally:
        await store.close()


def has_key_store(choice: KeyStoreChoice) -> bool:
    """Whether there is a key store, or was one: for a first start, that may make a local one.

    Outside ones are made by an operator only.
    """
    return not isinstance(choice, LocalPlace) or local.is_made(choice.path)


def _create_local(place: LocalPlace, argon2: Argon2 | None) -> None:
    # Before a passphrase is made for it.
    local.check_free(place.path)
    if isinstance(place.passphrase, SharesPassphrase):
        raise KeyStoreUnusable(
            "A keystore is not divided when it is made.",
            "Make it with a passphrase file, then: bezant vault keystore split.",
        )
    try:
        place.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeyStoreUnusable(
            f"The folder {place.path.parent} cannot be made: {error.strerror}.",
            "Make it, for the vault's user only, or name another path.",
        ) from error
    passphrase = place.passphrase.make()
    local.create(place.path, passphrase, argon2=argon2)
    wipe(passphrase)


def _outside(choice: KeyStoreChoice) -> _Outside:
    # Only the kind that is chosen is imported: each has a client that others need not install.
    try:
        if isinstance(choice, Pkcs11Place):
            from bezant.vault.keystores.pkcs11 import Pkcs11KeyStore  # noqa: PLC0415

            return Pkcs11KeyStore(choice)
        if isinstance(choice, KmsPlace):
            from bezant.vault.keystores.kms import KmsKeyStore  # noqa: PLC0415

            return KmsKeyStore(choice)
    except ImportError:
        extra = "pkcs11" if isinstance(choice, Pkcs11Place) else "aws"
        raise KeyStoreUnusable(
            "The key store needs a package that is not installed.",
            f"Install it: pip install 'bezant[{extra}]'.",
        ) from None
    assert not isinstance(choice, LocalPlace)
    from bezant.vault.keystores.transit import TransitKeyStore  # noqa: PLC0415

    return TransitKeyStore(choice)


async def _explained(choice: KeyStoreChoice, asking: Awaitable[None]) -> None:
    """Nothing is served without the key store, so that one that is down is unusable at a start."""
    try:
        await asking
    except KeyStoreDown as error:
        raise KeyStoreUnusable(
            f"{error.detail} ({place_of(choice)})",
            "Start it, let the vault's credentials in, then try again.",
        ) from error
