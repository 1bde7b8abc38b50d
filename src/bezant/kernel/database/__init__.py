"""The database: a pool, transactions that re-run whole functions, engine capabilities."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Database:
    """A pool of connections to one database.

    `fetch`, `fetchrow` and `execute` are single statements outside a transaction (READ COMMITTED).
    """

    @classmethod
    async def open(cls, url: str, *, name: str = "bezant", connections_max: int = 10) -> "Database":
        """Connect and check that the server is durable."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close every connection."""
        raise NotImplementedError

    async def transaction(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run `work(connection)` SERIALIZABLE; the whole function is re-run on 40001 and 40P01."""
        raise NotImplementedError

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Rows of one statement."""
        raise NotImplementedError

    async def fetchrow(self, statement: str, *values: object) -> Any | None:
        """The first row of one statement, or None."""
        raise NotImplementedError

    async def execute(self, statement: str, *values: object) -> str:
        """Run one statement; the command tag."""
        raise NotImplementedError
