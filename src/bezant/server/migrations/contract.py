"""The contract between schema and code."""

from typing import Final

import asyncpg

from bezant.kernel.database import Database
from bezant.server.migrations.store import FIND_CONTRACT

CONTRACT: Final = 2
"""The schema contract that this code is written for."""


class SchemaTooNew(Exception):  # noqa: N818 - a refusal to start
    """The database was migrated by newer code that no longer supports this one."""


class SchemaTooOld(Exception):  # noqa: N818 - a refusal to start
    """The database lacks tables that this code needs: migrate first."""


async def check_schema(database: Database) -> None:
    """Make sure that this code can work on the database as it is.

    Raises:
        SchemaTooNew: a newer release contracted the schema.
        SchemaTooOld: the schema has not been migrated.
    """
    try:
        row = await database.fetchrow(FIND_CONTRACT)
    except asyncpg.UndefinedTableError:
        row = None
    if row is None:
        raise SchemaTooOld(
            "The database has no Bezant schema yet. Run `bezant migrate` as its owner."
        )
    if row["contract"] > CONTRACT:
        raise SchemaTooNew(
            f"The database has schema contract {row['contract']}; this code knows {CONTRACT}."
            " Install the newer release."
        )
    if row["schema_version"] < CONTRACT:
        raise SchemaTooOld(
            f"The database has schema version {row['schema_version']}; this code needs {CONTRACT}."
            " Run `bezant migrate` as its owner."
        )
