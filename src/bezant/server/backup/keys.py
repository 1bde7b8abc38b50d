"""What seals backups: the platform's key store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bezant.kernel.settings import Settings
from bezant.server.key_store import key_stores_explained
from bezant.vault import keystores
from bezant.vault.keystores import BoundKeys, KeyStore, read_choice


async def open_key_store(settings: Settings) -> KeyStore:
    """The key store of the settings.

    Raises:
        KeyStoreUnusable: it is not there, or does not open.
    """
    with key_stores_explained():
        folder = settings.data_dir.expanduser().absolute().resolve()
        return await keystores.open_key_store(read_choice(settings.key_store, folder))


@asynccontextmanager
async def backup_keys(settings: Settings) -> AsyncIterator[BoundKeys]:
    """The keys of backups.

    Raises:
        StartupError: the key store cannot be opened.
    """
    store = await open_key_store(settings)
    try:
        yield BoundKeys(store)
    finally:
        await store.close()
