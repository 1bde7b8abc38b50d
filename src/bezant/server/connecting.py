"""Connecting to the database, and migrating it, with errors that an operator can act on."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
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
from bezant.server.migrations import SchemaTooNew, SchemaTooOld, check_schema, migrate

# By SQLSTATE (PostgreSQL, appendix A): what an operator can change. Any other error is a defect.
_REMEDIES: Final = {
    "3D000": "Create it, owned by the role of --owner-url.",
    "42501": "Give the URL of the role that owns the schema with --owner-url.",
    "42704": "Create the role of --database-url first: it is granted what the platform needs.",
    "53100": "The database's disk is full: free some space, and start again.",
    "55P03": "Others hold locks on its tables for long: try again, or end their transactions.",
}


@asynccontextmanager
async def opened_database(
    url: str, *, connections_max: int, slow_statement_ms: int = SLOW_STATEMENT_MS
) -> AsyncIterator[Database]:
    """The database, connected as the application's role, its schema fit for this code.

    Raises:
        DatabaseUnusable: it cannot be reached, or is not fit to keep money on.
        SchemaMismatch: it was not migrated, or by a newer release.
    """
    try:
        database = await Database.open(
            url, connections_max=connections_max, slow_statement_ms=slow_statement_ms
        )
    except DatabaseUnavailable as error:
        raise _unreachable(error.__cause__ or error) from error
    except (asyncpg.PostgresError, asyncpg.ClientConfigurationError) as error:
        raise _unreachable(error) from error
    except DatabaseRefused as error:
        raise _unfit(error) from error
    try:
        await _check(database)
        yield database
    finally:
        await database.close()


async def migrate_schema(owner_url: str, app_url: str, progress: Callable[[str], None]) -> None:
    """Bring the schema up to this code, as its owner, and grant the application's role its rights.

    Args:
        owner_url: as the role that owns the schema, to the database itself.
        app_url: as the application's role.
        progress: told of each step.

    Raises:
        DatabaseUnusable: it cannot be reached as the owner, is not fit to keep money on, is behind
            a pooler, or refuses what migrating takes.
        SchemaMismatch: a newer release migrated it.
    """
    try:
        capabilities = await inspect_server(owner_url)
        if capabilities.is_pooled:
            # Lock timeouts and prepared statements are of a session, which it would not be given.
            raise DatabaseUnusable(
                "--owner-url leads to a pooler, through which a schema cannot be migrated.",
                "Give the address of the database itself.",
            )
        await migrate(owner_url, _role(app_url), progress=progress)
    except SchemaTooNew as error:
        raise SchemaMismatch(*_sentences(error)) from error
    except DatabaseRefused as error:
        raise _unfit(error) from error
    except (
        *CONNECTION_LOST,
        asyncpg.ClientConfigurationError,
        asyncpg.InvalidAuthorizationSpecificationError,
    ) as error:
        raise _unreachable(error) from error
    except (asyncpg.PostgresError, DBAPIError) as error:
        found = _driver_error(error)
        remedy = _REMEDIES.get(getattr(found, "sqlstate", ""))
        if remedy is None:
            raise
        raise DatabaseUnusable(
            f"The schema cannot be migrated: {_words(found)}.", remedy
        ) from error


def _driver_error(error: Exception) -> BaseException:
    """What the server said: Alembic's connection wraps it twice, other statements do not."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    return error.orig.__cause__ or error.orig


def _role(url: str) -> str:
    """The role of a URL (libpq, 34.1.1.2): its user, percent-decoded."""
    return unquote(urlsplit(url).username or "")


async def _check(database: Database) -> None:
    try:
        await check_schema(database)
    except (SchemaTooNew, SchemaTooOld) as error:
        raise SchemaMismatch(*_sentences(error)) from error
    except DatabaseUnavailable as error:
        raise _unreachable(error.__cause__ or error) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabaseUnusable(
            f"The role of --database-url lacks its rights: {_words(error)}.",
            "Run `bezant migrate` with both URLs: it grants them.",
        ) from error


def _sentences(error: Exception) -> tuple[str, str]:
    """The problem and the remedy, which the migrations write as two sentences."""
    problem, _, remedy = str(error).partition(". ")
    return f"{problem}.", remedy


def _unreachable(error: BaseException) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"The database cannot be reached: {_words(error)}.",
        "Check that it runs, and the URLs given with --database-url and --owner-url.",
    )


def _words(error: BaseException) -> str:
    """What is wrong, in one line; the driver adds others with details and hints of its own."""
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _unfit(error: DatabaseRefused) -> DatabaseUnusable:
    return DatabaseUnusable(str(error), "Then start again.")
