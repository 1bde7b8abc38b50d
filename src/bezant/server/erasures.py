"""What an operator does about a lost journal of erasures, while the platform is stopped."""

from collections.abc import Callable
from pathlib import Path

from bezant.kernel.clock import SystemClock
from bezant.kernel.settings import Settings
from bezant.server.backup import archiving
from bezant.server.connecting import MAIN_OF_VAULT, opened_database
from bezant.server.embedded import DataFolder
from bezant.server.errors import ErasureJournalRefused
from bezant.server.key_store import key_stores_explained
from bezant.server.stores import opened_stores
from bezant.server.vault import vault_folder
from bezant.vault import JournalRefused, accept_journal
from bezant.vault.keystores import open_key_store, read_choice


async def accept_erasures(
    settings: Settings, progress: Callable[[str], None]
) -> tuple[int, Path | None]:
    """Make a journal of the erasures that the main database knows, in place of the refused one.

    Returns:
        How many erasures it has, and where the refused file is kept.

    Raises:
        StartupError: the platform runs, has no vault, or its stores cannot be used.
    """
    with DataFolder(settings.data_dir) as data:
        async with (
            archiving(settings, data) as archivists,
            opened_stores(settings, data, progress, archivists.confs) as stores,
        ):
            if stores.vault is None:
                raise ErasureJournalRefused("This platform has no vault.", "There is no journal.")
            with key_stores_explained():
                key_store = await open_key_store(read_choice(settings.key_store, data.path))
            try:
                async with opened_database(
                    stores.vault.database_url, connections_max=1, place=MAIN_OF_VAULT
                ) as database:
                    folder = vault_folder(data.path)
                    return await accept_journal(folder, database, key_store, SystemClock())
            except JournalRefused as error:
                raise ErasureJournalRefused(error.problem, error.remedy) from error
            finally:
                await key_store.close()
