"""Connecting to the database, and migrating it, with errors that an operator can act on."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError

from bezant.kernel.database import (
    CONNECTION_LOST,
    SLOW_STATEMENT_MS,
    Database,
    DatabaseRefused,
    DatabaseUnavailable,
)
from bezant.server.errors import DatabaseUnusable, SchemaMismatch
from bezant.server.migrations import SchemaTooNew, SchemaTooOld, check_schema, migrate

# By SQLSTATE (PostgreSQL, appendix A): what an operator can change. Any other error is a defect.
_REMEDIES: Final = {
    "42501": "Give the URL of the role that owns the schema with --owner-url.",
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
        raise _unreachable(error.detail) from error
    except asyncpg.PostgresError as error:
        raise _unreachable(str(error)) from error
    except DatabaseRefused as error:
        raise DatabaseUnusable(str(error), "Then start again.") from error
    try:
        await _check(database)
        yield database
    finally:
        await database.close()


async def migrate_schema(owner_url: str, app_role: str, progress: Callable[[str], None]) -> None:
    """Bring the schema up to this code, as its owner, and grant the application's role its rights.

    Raises:
        DatabaseUnusable: it cannot be reached as the owner.
        SchemaMismatch: a newer release migrated it.
    """
    try:
        await migrate(owner_url, app_role, progress)
    except SchemaTooNew as error:
        raise SchemaMismatch(*_sentences(error)) from error
    except (*CONNECTION_LOST, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise _unreachable(f"{type(error).__name__}.") from error
    except (asyncpg.PostgresError, DBAPIError) as error:
        # Alembic's connection wraps the driver's errors, other statements raise them as they are.
        found = error.orig if isinstance(error, DBAPIError) else error
        remedy = _REMEDIES.get(getattr(found, "sqlstate", ""))
        if remedy is None:
            raise
        raise DatabaseUnusable("The schema cannot be migrated.", remedy) from error


async def _check(database: Database) -> None:
    try:
        await check_schema(database)
    except (SchemaTooNew, SchemaTooOld) as error:
        raise SchemaMismatch(*_sentences(error)) from error
    except DatabaseUnavailable as error:
        raise _unreachable(error.detail) from error


def _sentences(error: Exception) -> tuple[str, str]:
    """The problem and the remedy, which the migrations write as two sentences."""
    problem, _, remedy = str(error).partition(". ")
    return f"{problem}.", remedy


def _unreachable(reason: str) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"The database cannot be reached: {reason}",
        "Check that it runs, and the URLs given with --database-url and --owner-url.",
    )
