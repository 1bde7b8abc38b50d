"""What can go wrong with the database, in terms that callers act on."""

from typing import TYPE_CHECKING

import asyncpg

from bezant.kernel.errors import Unavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

RETRYABLE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""SQLSTATE 40001 and 40P01: the whole function is run again."""

CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    # The driver says so of a session that ended under an operation.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""The connection is gone, or cannot be had. Within COMMIT this leaves the outcome unknown."""


def is_lost(error: BaseException, connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
    """Whether an error means that the connection is gone.

    The driver raises `InterfaceError` both for a connection that was lost and for its own misuse;
    only the first is something that passes.
    """
    if isinstance(error, asyncpg.InterfaceError):
        try:
            return connection.is_closed()
        except asyncpg.InterfaceError:
            return True  # the pool has taken it back already, which it does with lost ones only
    return isinstance(error, CONNECTION_LOST)


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached; nothing was written."""

    code, title = "DATABASE_UNAVAILABLE", "The database cannot be reached"


class TooContended(Unavailable):
    """The transaction lost against others on every try, or had no lock; nothing was written."""

    code, title = "CONTENDED", "Too many concurrent changes"


class CommitUnknown(Exception):  # noqa: N818 - neither success nor failure: the caller has to look
    """The connection was lost while COMMIT was under way: it may have taken effect or not."""


class DatabaseRefused(Exception):  # noqa: N818 - a refusal to start
    """The server is not fit to keep money on: the settings at fault are in the message."""
