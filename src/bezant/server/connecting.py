"""Connecting to a database, with errors that an operator can act on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from bezant.kernel.database import (
    SLOW_STATEMENT_MS,
    Database,
    DatabaseRefused,
    DatabaseUnavailable,
)
from bezant.server.errors import DatabaseUnusable, SchemaMismatch
from bezant.server.migrations import (
    CONTRACT,
    KEYS_CONTRACT,
    SchemaTooNew,
    SchemaTooOld,
    check_schema,
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
        raise unreachable(place, error.__cause__ or error) from error
    except (asyncpg.PostgresError, asyncpg.ClientConfigurationError) as error:
        raise unreachable(place, error) from error
    except DatabaseRefused as error:
        raise unfit(error) from error
    try:
        await _check(database, place)
        yield database
    finally:
        await database.close()


async def _check(database: Database, place: Place) -> None:
    try:
        await check_schema(database, place.contract)
    except (SchemaTooNew, SchemaTooOld) as error:
        raise SchemaMismatch(*sentences(error)) from error
    except DatabaseUnavailable as error:
        raise unreachable(place, error.__cause__ or error) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabaseUnusable(
            f"The role of {place.option} lacks its rights: {words(error)}.",
            "Run `bezant migrate` with all URLs: it grants them.",
        ) from error


def sentences(error: Exception) -> tuple[str, str]:
    """The problem and the remedy, which the migrations write as two sentences."""
    problem, _, remedy = str(error).partition(". ")
    return f"{problem}.", remedy


def unreachable(place: Place, error: BaseException) -> DatabaseUnusable:
    """What keeps us from a database, by what the driver said."""
    return DatabaseUnusable(
        f"The {place.name} cannot be reached: {words(error)}.",
        f"Check that it runs, and the URLs given with {place.option} and {place.owner_option}.",
    )


def words(error: BaseException) -> str:
    """What is wrong, in one line; the driver adds others with details and hints of its own."""
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def unfit(error: DatabaseRefused) -> DatabaseUnusable:
    """Why a database is not worked on."""
    return DatabaseUnusable(str(error), "Then start again.")
