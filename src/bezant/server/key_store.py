"""The vault's key store: the one of the settings, or one made in the data folder at first."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bezant.kernel.settings import Settings
from bezant.server import store
from bezant.server.connecting import MAIN_OF_VAULT, opened_database
from bezant.server.embedded import DataFolder
from bezant.server.errors import KeyStoreUnusable
from bezant.vault import keystores
from bezant.vault.keystores import (
    FilePassphrase,
    LocalPlace,
    create_key_store,
    has_key_store,
    read_choice,
)

EMBEDDED: Final = "local"
"""The setting that keeps the key store in the data folder."""


@contextmanager
def key_stores_explained() -> Iterator[None]:
    """Turn what a key store says into what keeps the platform from starting."""
    try:
        yield
    except keystores.KeyStoreUnusable as error:
        raise KeyStoreUnusable(error.problem, error.remedy) from error


async def prepare_key_store(
    settings: Settings, data: DataFolder, vault_database_url: str
) -> Path | None:
    """See that a key store is named, and make the embedded one at the first start.

    Returns:
        The file of a passphrase that is kept in the data folder, beside what it opens.

    Raises:
        KeyStoreUnusable: none is named, or keys are there whose key store is gone.
    """
    with key_stores_explained():
        choice = read_choice(settings.key_store, data.path)
        if settings.key_store != EMBEDDED:
            return None
        assert isinstance(choice, LocalPlace)
        if not has_key_store(choice):
            if await _has_keys(vault_database_url):
                raise KeyStoreUnusable(
                    f"The keystore {choice.path} is gone, and the vault's keys open with it only.",
                    "Restore the file and its passphrase from their backup; or, beside other hosts"
                    " on the same database, name the key store that they share with key_store.",
                )
            await create_key_store(choice)
    passphrase = choice.passphrase
    return passphrase.path if isinstance(passphrase, FilePassphrase) else None


async def _has_keys(vault_database_url: str) -> bool:
    """Whether the vault has made keys, which only its first key store opens."""
    async with opened_database(
        vault_database_url, connections_max=1, place=MAIN_OF_VAULT
    ) as database:
        return bool(await database.fetch(store.FIND_VAULT_KEY))
