"""Connecting to the database, and migrating it, with errors that an operator can act on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import asyncpg
from sqlalchemy.exc import DBAPIError

from bezant.kernel.database import (
    CONNECTION_LOST,
    SLOW_STATEMENT_MS,
    Database,
    DatabaseRefused,
    DatabaseUnavailable,
    inspect_server,
)
from bezant.server.errors import DatabaseUnusable, SchemaMismatch
from bezant.server.migrations import (
    CONTRACT,
    KEYS_CONTRACT,
    SchemaTooNew,
    SchemaTooOld,
    check_schema,
    migrate,
    migrate_keys,
)


@dataclass(frozen=True, slots=True)
class Place:
    """One of the databases, as operators know it.

    Attributes:
        name: what they are told of it.
        option: the one of the URL that it is worked on by.
        owner_option: the one of its owner's URL.
        contract: that its schema has to keep.
    """

    name: str
    option: str
    owner_option: str
    contract: int


MAIN: Final = Place("database", "--database-url", "--owner-url", CONTRACT)
MAIN_OF_VAULT: Final = Place("database", "--vault-database-url", "--owner-url", CONTRACT)
KEYS: Final = Place("database of keys", "--key-database-url", "--key-owner-url", KEYS_CONTRACT)

# By SQLSTATE (PostgreSQL, appendix A): what an operator can change. Any other error is a defect.
_REMEDIES: Final = {
    "3D000": "Create it, owned by the role of {owner}.",
    "42501": "Give the URL of the role that owns the schema with {owner}.",
    "42704": "Create the role of {option} first: it is granted what the platform needs.",
    "53100": "The database's disk is full: free some space, and start again.",
    "55P03": "Others hold locks on its tables for long: try again, or end their transactions.",
}


@asynccontextmanager
async def opened_database(
    url: str,
    *,
    connections_max: int,
    slow_statement_ms: int = SLOW_STATEMENT_MS,
    place: Place = MAIN,
) -> AsyncIterator[Database]:
    """A database, connected as the role that works on it, its schema fit for this code.

    Raises:
        DatabaseUnusable: it cannot be reached, or is not fit to keep money on.
        SchemaMismatch: it was not migrated, or by a newer release.
    """
    try:
        database = await Database.open(
            url, connections_max=connections_max, slow_statement_ms=slow_statement_ms
        )
    except DatabaseUnavailable as error:
        raise _unreachable(place, error.__cause__ or error) from error
    except (asyncpg.PostgresError, asyncpg.ClientConfigurationError) as error:
        raise _unreachable(place, error) from error
    except DatabaseRefused as error:
        raise _unfit(error) from error
    try:
        await _check(database, place)
        yield database
    finally:
        await database.close()


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
        raise SchemaMismatch(*_sentences(error)) from error
    except DatabaseRefused as error:
        raise _unfit(error) from error
    except (
        *CONNECTION_LOST,
        asyncpg.ClientConfigurationError,
        asyncpg.InvalidAuthorizationSpecificationError,
    ) as error:
        raise _unreachable(place, error) from error
    except (asyncpg.PostgresError, DBAPIError) as error:
        found = _driver_error(error)
        remedy = _REMEDIES.get(getattr(found, "sqlstate", ""))
        if remedy is None:
            raise
        raise DatabaseUnusable(
            f"The schema cannot be migrated: {_words(found)}.",
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


async def _check(database: Database, place: Place) -> None:
    try:
        await check_schema(database, place.contract)
    except (SchemaTooNew, SchemaTooOld) as error:
        raise SchemaMismatch(*_sentences(error)) from error
    except DatabaseUnavailable as error:
        raise _unreachable(place, error.__cause__ or error) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabaseUnusable(
            f"The role of {place.option} lacks its rights: {_words(error)}.",
            "Run `bezant migrate` with all URLs: it grants them.",
        ) from error


def _sentences(error: Exception) -> tuple[str, str]:
    """The problem and the remedy, which the migrations write as two sentences."""
    problem, _, remedy = str(error).partition(". ")
    return f"{problem}.", remedy


def _unreachable(place: Place, error: BaseException) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"The {place.name} cannot be reached: {_words(error)}.",
        f"Check that it runs, and the URLs given with {place.option} and {place.owner_option}.",
    )


def _words(error: BaseException) -> str:
    """What is wrong, in one line; the driver adds others with details and hints of its own."""
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _unfit(error: DatabaseRefused) -> DatabaseUnusable:
    return DatabaseUnusable(str(error), "Then start again.")
