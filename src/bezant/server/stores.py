"""Where the platform keeps its data: outside databases and caches, or embedded ones."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from bezant.kernel.settings import Settings
from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.server.migrating import migrate_keys_schema, migrate_schema


@dataclass(frozen=True, slots=True, repr=False)
class VaultStores:
    """The vault's two databases. The URLs hold passwords.

    Attributes:
        database_url: the main one, as the vault's role.
        keys_url: that of keys, as the vault's role.
        keys_owner_url: the same as the role that owns its schema; None where it is not known.
    """

    database_url: str
    keys_url: str
    keys_owner_url: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Stores:
    """Where the platform keeps its data. The URLs hold passwords.

    Attributes:
        vault: None where there is no vault.
        embedded: the servers that are ours; None when all are outside ones.
    """

    database_url: str
    owner_url: str | None
    cache_url: str
    vault: VaultStores | None
    embedded: EmbeddedServers | None


def has_vault(settings: Settings) -> bool:
    """Whether there is a vault: beside an outside database, only one that it has a role in."""
    return settings.database_url is None or settings.vault_database_url is not None


@asynccontextmanager
async def opened_stores(
    settings: Settings, data: DataFolder, progress: Callable[[str], None]
) -> AsyncIterator[Stores]:
    """The databases and the cache: those of the settings, and embedded ones for the others."""
    database, cache = _text(settings.database_url), _text(settings.cache_url)
    if database is not None and cache is not None:
        yield _stores(settings, None)
        return
    embedded = EmbeddedServers(
        data,
        progress,
        has_postgres=database is None,
        has_keys=database is None and settings.key_database_url is None,
        has_valkey=cache is None,
    )
    async with embedded as servers:
        try:
            yield _stores(settings, servers)
        finally:
            progress("Stopping the embedded servers")


async def migrate_stores(stores: Stores, progress: Callable[[str], None]) -> None:
    """Bring the schemas up to date, as far as their owners are known."""
    await _migrate(stores.database_url, stores.owner_url, stores.vault, progress)


async def migrate_outside(settings: Settings, progress: Callable[[str], None]) -> None:
    """The same for outside databases alone, without anything that is started."""
    database_url = _text(settings.database_url)
    assert database_url is not None, "an outside one"
    vault = _outside_vault(settings)
    await _migrate(database_url, _text(settings.owner_url), vault, progress)


async def _migrate(
    database_url: str,
    owner_url: str | None,
    vault: VaultStores | None,
    progress: Callable[[str], None],
) -> None:
    if owner_url is not None:
        vault_url = None if vault is None else vault.database_url
        await migrate_schema(owner_url, database_url, vault_url, progress)
    if vault is not None and vault.keys_owner_url is not None:
        await migrate_keys_schema(vault.keys_owner_url, vault.keys_url, progress)


def _stores(settings: Settings, servers: EmbeddedServers | None) -> Stores:
    database_url, cache_url = _text(settings.database_url), _text(settings.cache_url)
    if database_url is not None:
        owner_url, vault = _text(settings.owner_url), _outside_vault(settings)
    else:
        assert servers is not None
        postgres = servers.postgres
        database_url, owner_url = postgres.app_url, postgres.owner_url
        keys_url, keys_owner_url = _text(settings.key_database_url), _text(settings.key_owner_url)
        if keys_url is None:
            keys_url, keys_owner_url = servers.keys.vault_url, servers.keys.owner_url
        vault = VaultStores(postgres.vault_url, keys_url, keys_owner_url)
    if cache_url is None:
        assert servers is not None
        cache_url = servers.valkey_url
    return Stores(database_url, owner_url, cache_url, vault, servers)


def _outside_vault(settings: Settings) -> VaultStores | None:
    """What the settings name of a vault beside an outside database: both of its own, or none."""
    database_url, keys_url = (
        _text(settings.vault_database_url),
        _text(settings.key_database_url),
    )
    if database_url is None or keys_url is None:
        return None
    return VaultStores(database_url, keys_url, _text(settings.key_owner_url))


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
