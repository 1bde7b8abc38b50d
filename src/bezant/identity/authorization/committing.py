"""Commits of what browsers and clients began, who begin again where the outcome is not known."""

from typing import TYPE_CHECKING, TypeVar

from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

T = TypeVar("T")


async def commit(database: Database, work: "Callable[[Connection], Awaitable[T]]") -> T:
    """Run `work` in one transaction.

    Raises:
        Unavailable: it was not committed, or nobody knows.
    """
    try:
        return await database.transaction(work)
    except CommitUnknown as error:
        raise Unavailable("Whether it was done is not known: begin again.") from error
