"""What seals backups: the platform's key store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bezant.kernel.settings import Settings
from bezant.server.errors import BackupsUnset
from bezant.vault.keystores import BoundKeys, KeyStore


async def open_key_store(settings: Settings) -> KeyStore:
    """The key store of the settings.

    Raises:
        BackupsUnset: there is none.
    """
    raise BackupsUnset(
        f"Backups are sealed, and no key store is set up for {settings.data_dir}.",
        "Set one up, and start again.",
    )


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
