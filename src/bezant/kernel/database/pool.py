"""A pool of connections, and transactions that re-run whole functions."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import asyncpg

from bezant.kernel import purity
from bezant.kernel.database.errors import (
    CONNECTION_LOST,
    RETRYABLE,
    CommitUnknown,
    DatabaseUnavailable,
    TooContended,
    is_lost,
)
from bezant.kernel.database.server import Capabilities, inspect_server
from bezant.kernel.database.slow import SLOW_STATEMENT_MS, SlowStatements
from bezant.kernel.database.statements import (
    BEGIN_READ_ONLY,
    BEGIN_SERIALIZABLE,
    BEGIN_SWEEP,
    COMMIT,
    END_SILENT,
    LEARN_TYPES,
    LOCAL_TIMEOUTS,
    ROLLBACK,
    SESSION_TIMEOUTS,
)
from bezant.kernel.errors import Refusal
from bezant.kernel.telemetry import ABORTS

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")
Connection = asyncpg.Connection
Hook = Callable[[asyncpg.Connection], Coroutine[Any, Any, None]]

TRIES_MAX: Final = 20
BACKOFF_S: Final = 0.002
BACKOFF_S_MAX: Final = 0.2
ACQUIRE_TIMEOUT_S: Final = 5.0

# Of our own: retries in the background leave the state of Python's shared one as it is.
_dice: Final = random.Random()  # noqa: S311 - jitter, not a secret
COMMAND_TIMEOUT_S: Final = 30.0
SILENT_MAX: Final = timedelta(seconds=5)
"""How long a transaction may wait for its client, as the server's own timeout has it."""


class Database:
    """A pool of connections to one database.

    Writes go through `transaction`; domains never commit. `fetch` and `fetchrow` are single
    statements outside a transaction, at READ COMMITTED.

    Attributes:
        capabilities: what the engine behind the URL can do beyond portable SQL.
    """

    def __init__(self, pool: asyncpg.Pool, capabilities: Capabilities) -> None:
        self._pool = pool
        self.capabilities = capabilities

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        name: str = "bezant",
        connections_max: int = 10,
        slow_statement_ms: int = SLOW_STATEMENT_MS,
    ) -> Self:
        """Connect, and check that the server is fit to keep money on.

        Args:
            url: a PostgreSQL URL of the application's role.
            name: what the server shows as `application_name`.
            connections_max: the most connections that this process holds.
            slow_statement_ms: statements that take as long are logged and counted.

        Raises:
            DatabaseUnavailable: the server cannot be reached.
            DatabaseRefused: durability is off, or the version is not supported.
        """
        try:
            capabilities = await inspect_server(url)
            pool = await asyncpg.create_pool(
                url,
                min_size=0,
                max_size=connections_max,
                command_timeout=COMMAND_TIMEOUT_S,
                # A pooler in transaction mode hands each transaction to another server session, so
                # neither prepared statements nor session settings outlive one.
                statement_cache_size=0 if capabilities.is_pooled else 500,
                max_inactive_connection_lifetime=300,
                server_settings=None if capabilities.is_pooled else {"application_name": name},
                init=cls._initializer(capabilities, SlowStatements(slow_statement_ms)),
                reset=_keep_session,
            )
        except CONNECTION_LOST as error:
            raise _unavailable(error) from error
        return cls(pool, capabilities)

    @classmethod
    def _initializer(cls, capabilities: Capabilities, slow: SlowStatements) -> Hook:
        async def initialize(connection: asyncpg.Connection) -> None:
            if not capabilities.is_pooled:
                await connection.execute(SESSION_TIMEOUTS)
            await connection.fetch(LEARN_TYPES)
            connection.add_query_logger(slow)

        return initialize

    async def close(self) -> None:
        """Close every connection, waiting a bounded time for work in flight."""
        try:
            await asyncio.wait_for(self._pool.close(), ACQUIRE_TIMEOUT_S)
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> "AsyncIterator[PoolConnectionProxy[asyncpg.Record]]":
        """A connection for single statements and for `COPY`; give it back soon.

        Raises:
            DatabaseUnavailable: none can be had.
        """
        purity.forbid("the database")
        try:
            # The pool's own time limit would make a task of every acquisition.
            async with asyncio.timeout(ACQUIRE_TIMEOUT_S):
                connection = await self._pool.acquire()
        except CONNECTION_LOST as error:
            raise _unavailable(error) from error
        try:
            yield connection
        except (asyncpg.PostgresError, Refusal) as error:
            # The session lives on after an error that the server told, unless it told of its end.
            if is_lost(error, connection) or isinstance(error, DatabaseUnavailable):
                _end(connection)
            raise
        except BaseException:
            # Cancelled, lost, or in a state that nobody knows: the server rolls back what it loses.
            _end(connection)
            raise
        finally:
            # A connection lost meanwhile cannot be given back; the pool has already let it go.
            with suppress(*CONNECTION_LOST, asyncpg.InterfaceError):
                await self._pool.release(connection, timeout=ACQUIRE_TIMEOUT_S)

    async def transaction(
        self,
        work: "Callable[[PoolConnectionProxy[asyncpg.Record]], Awaitable[T]]",
        *,
        begin: str = BEGIN_SERIALIZABLE,
    ) -> T:
        """Run `work` in one SERIALIZABLE transaction; again from its start where it lost.

        Args:
            work: reads and writes through the connection that it is given; free of other effects,
                since it may run several times.
            begin: the statement that opens the transaction.

        Raises:
            CommitUnknown: the connection was lost within COMMIT.
            DatabaseUnavailable: the connection was lost before COMMIT; nothing was written.
            TooContended: every try lost, or it waited too long for a lock; nothing was written.
        """
        if self.capabilities.is_pooled:
            begin = f"{begin};{LOCAL_TIMEOUTS}"
        for attempt in range(TRIES_MAX):
            try:
                return await self._once(work, begin)
            except RETRYABLE:
                ABORTS.inc()
                backoff_s = min(BACKOFF_S * 2**attempt, BACKOFF_S_MAX)
                await asyncio.sleep(_dice.uniform(0, backoff_s))
            except asyncpg.LockNotAvailableError as error:
                if not await self.fetch(END_SILENT, SILENT_MAX):
                    raise TooContended("Another transaction keeps what this one needs.") from error
        raise TooContended(f"{TRIES_MAX} tries lost against other transactions.")

    async def _once(
        self, work: "Callable[[PoolConnectionProxy[asyncpg.Record]], Awaitable[T]]", begin: str
    ) -> T:
        async with self.connection() as connection:
            try:
                await connection.execute(begin)
                result = await work(connection)
            except Exception as error:
                if is_lost(error, connection) or not await _roll_back(connection):
                    raise _unavailable(error) from error
                raise
            try:
                await connection.execute(COMMIT)
            except RETRYABLE:
                raise
            except Exception as error:
                if is_lost(error, connection):
                    raise CommitUnknown from error
                raise
            return result

    async def read(
        self, work: "Callable[[PoolConnectionProxy[asyncpg.Record]], Awaitable[T]]"
    ) -> T:
        """Run `work` on one snapshot of the database, read-only.

        Raises:
            DatabaseUnavailable: the connection was lost.
        """
        try:
            return await self.transaction(work, begin=BEGIN_READ_ONLY)
        except CommitUnknown as error:
            # Nothing was written that could be in doubt.
            raise _unavailable(error.__cause__ or error) from error

    async def remove(self, statement: str, *values: object) -> int:
        """Remove rows that nobody reads any more; how many were removed.

        At READ COMMITTED: what is removed depends on nothing that others write, and a SERIALIZABLE
        removal would read-lock pages that they insert into.

        Raises:
            CommitUnknown: the connection was lost within COMMIT; a repeat is safe.
            DatabaseUnavailable: the connection was lost before.
        """
        tag = await self.transaction(
            lambda connection: connection.execute(statement, *values), begin=BEGIN_SWEEP
        )
        return int(tag.rpartition(" ")[2])

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """The rows of one reading statement.

        Raises:
            DatabaseUnavailable: the connection was lost.
        """
        if self.capabilities.is_pooled:
            # The statement's parse and its execution could go to two sessions, and the timeouts
            # that a session of our own has are those of a transaction.
            return await self.read(lambda connection: connection.fetch(statement, *values))
        async with self.connection() as connection:
            try:
                return await connection.fetch(statement, *values)
            except (*CONNECTION_LOST, asyncpg.InterfaceError) as error:
                if is_lost(error, connection):
                    raise _unavailable(error) from error
                raise

    async def fetchrow(self, statement: str, *values: object) -> asyncpg.Record | None:
        """The first row of one reading statement, or None."""
        rows = await self.fetch(statement, *values)
        return rows[0] if rows else None


async def _roll_back(connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
    """End the transaction; False when the connection was lost meanwhile."""
    try:
        await connection.execute(ROLLBACK)
    except (*CONNECTION_LOST, asyncpg.InterfaceError):
        return False
    return True


def _end(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
    # The pool has taken a lost connection back already, and lets nobody end it twice.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def _unavailable(error: BaseException) -> DatabaseUnavailable:
    return DatabaseUnavailable(f"No connection to the database: {type(error).__name__}.")


async def _keep_session(_connection: asyncpg.Connection) -> None:
    """Nothing to reset: every setting that a transaction changes is local to it."""
