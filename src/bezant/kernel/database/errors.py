"""What can go wrong with the database, in terms that callers act on."""

import asyncpg

from bezant.kernel.errors import Unavailable

RETRYABLE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""SQLSTATE 40001 and 40P01: the whole function is run again."""

CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    OSError,
    TimeoutError,
)
"""The connection is gone, or cannot be had. Within COMMIT this leaves the outcome unknown."""


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached; nothing was written."""

    code, title = "DATABASE_UNAVAILABLE", "The database cannot be reached"


class TooContended(Unavailable):
    """The transaction lost against others on every try; nothing was written."""

    code, title = "CONTENDED", "Too many concurrent changes"


class CommitUnknown(Exception):  # noqa: N818 - neither success nor failure: the caller has to look
    """The connection was lost while COMMIT was under way: it may have taken effect or not."""


class DatabaseRefused(Exception):  # noqa: N818 - a refusal to start
    """The server is not fit to keep money on: the settings at fault are in the message."""
