"""The contracts between schemas and code."""

from typing import Final

import asyncpg

from bezant.kernel.database import Database
from bezant.server.migrations.store import FIND_CONTRACT

CONTRACT: Final = 2
"""The schema contract that this code is written for."""

KEYS_CONTRACT: Final = 1
"""The same, of the database of keys."""


class SchemaTooNew(Exception):  # noqa: N818 - a refusal to start
    """The database was migrated by newer code that no longer supports this one."""


class SchemaTooOld(Exception):  # noqa: N818 - a refusal to start
    """The database lacks tables that this code needs: migrate first."""


async def check_schema(database: Database, contract: int = CONTRACT) -> None:
    """Make sure that this code can work on the database as it is.

    Args:
        database: as the role that works on it.
        contract: what this code is written for there.

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
    if row["contract"] > contract:
        raise SchemaTooNew(
            f"The database has schema contract {row['contract']}; this code knows {contract}."
            " Install the newer release."
        )
    if row["schema_version"] < contract:
        raise SchemaTooOld(
            f"The database has schema version {row['schema_version']}; this code needs {contract}."
            " Run `bezant migrate` as its owner."
        )
