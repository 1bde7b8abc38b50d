"""Migrating the databases, with errors that an operator can act on. Who serves never does."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote, urlsplit

import asyncpg
from sqlalchemy.exc import DBAPIError

from bezant.kernel.database import CONNECTION_LOST, DatabaseRefused, inspect_server
from bezant.server.connecting import KEYS, MAIN, Place, sentences, unfit, unreachable, words
from bezant.server.errors import DatabaseUnusable, SchemaMismatch
from bezant.server.migrations import SchemaTooNew, migrate, migrate_keys

# By SQLSTATE (PostgreSQL, appendix A): what an operator can change. Any other error is a defect.
_REMEDIES: Final = {
    "3D000": "Create it, owned by the role of {owner}.",
    "42501": "Give the URL of the role that owns the schema with {owner}.",
    "42704": "Create the role of {option} first: it is granted what the platform needs.",
    "53100": "The database's disk is full: free some space, and start again.",
    "55P03": "Others hold locks on its tables for long: try again, or end their transactions.",
}


async def migrate_schema(
    owner_url: str, app_url: str, vault_url: str | None, progress: Callable[[str], None]
) -> None:
    """Bring the schema up to this code, as its owner, and grant the roles their rights.

    Args:
        owner_url: as the role that owns the schema, to the database itself.
        app_url: as the application's role.
        vault_url: as the vault's role; None where there is no vault.
        progress: told of each step.

    Raises:
        DatabaseUnusable: it cannot be reached as the owner, is not fit to keep money on, is behind
            a pooler, or refuses what migrating takes.
        SchemaMismatch: a newer release migrated it.
    """
    vault_role = None if vault_url is None else _role(vault_url)
    await _migrate(
        MAIN, owner_url, lambda: migrate(owner_url, _role(app_url), vault_role, progress)
    )


async def migrate_keys_schema(
    owner_url: str, vault_url: str, progress: Callable[[str], None]
) -> None:
    """The same for the database of keys, which is the vault's alone.

    Raises:
        DatabaseUnusable: as for the main one.
        SchemaMismatch: as for the main one.
    """
    await _migrate(KEYS, owner_url, lambda: migrate_keys(owner_url, _role(vault_url), progress))


async def _migrate(place: Place, owner_url: str, migration: Callable[[], Awaitable[None]]) -> None:
    try:
        capabilities = await inspect_server(owner_url)
        if capabilities.is_pooled:
            # Lock timeouts and prepared statements are of a session, which it would not be given.
            raise DatabaseUnusable(
                f"{place.owner_option} leads to a pooler, through which a schema cannot be"
                " migrated.",
                "Give the address of the database itself.",
            )
        await migration()
    except SchemaTooNew as error:
        raise SchemaMismatch(*sentences(error)) from error
    except DatabaseRefused as error:
        raise unfit(error) from error
    except (
        *CONNECTION_LOST,
        asyncpg.ClientConfigurationError,
        asyncpg.InvalidAuthorizationSpecificationError,
    ) as error:
        raise unreachable(place, error) from error
    except (asyncpg.PostgresError, DBAPIError) as error:
        found = _driver_error(error)
        remedy = _REMEDIES.get(getattr(found, "sqlstate", ""))
        if remedy is None:
            raise
        raise DatabaseUnusable(
            f"The schema cannot be migrated: {words(found)}.",
            remedy.format(option=place.option, owner=place.owner_option),
        ) from error


def _driver_error(error: Exception) -> BaseException:
    """What the server said: Alembic's connection wraps it twice, other statements do not."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    return error.orig.__cause__ or error.orig


def _role(url: str) -> str:
    """The role of a URL (libpq, 34.1.1.2): its user, percent-decoded."""
    return unquote(urlsplit(url).username or "")
