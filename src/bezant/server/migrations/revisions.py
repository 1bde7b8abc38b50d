"""Alembic's part: every revision in order, on one connection. Only who migrates imports it."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg
    from sqlalchemy import Connection

_FOLDER: Final = Path(__file__).parent


async def upgrade(
    connect: "Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]", revisions: str
) -> None:
    """Run the revisions that a database lacks.

    Args:
        connect: opens the one connection that is used.
        revisions: the folder of the revisions, beside this file.

    Raises:
        asyncpg.PostgresError: the server refuses a statement.
    """
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, _FOLDER / revisions)
            await connection.commit()
    except DBAPIError as error:
        raise _driver_error(error) from None
    finally:
        await engine.dispose()


def _driver_error(error: DBAPIError) -> BaseException:
    """What the server said, which is wrapped twice."""
    if error.orig is None:
        return error
    return error.orig.__cause__ or error.orig


def _upgrade(connection: "Connection", revisions: Path) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("version_locations", str(revisions))
    config.set_main_option("path_separator", "newline")
    command.upgrade(config, "head")
