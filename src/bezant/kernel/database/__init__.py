"""The database: a pool, transactions that re-run whole functions, sets of rows, a replica."""

from bezant.kernel.database.errors import (
    CONNECTION_LOST,
    CommitUnknown,
    DatabaseRefused,
    DatabaseUnavailable,
    TooContended,
)
from bezant.kernel.database.gathering import Gathering
from bezant.kernel.database.pool import Database
from bezant.kernel.database.replica import Replica, ReplicaUnavailable
from bezant.kernel.database.rows import Row, RowKind, statements_of, write_rows
from bezant.kernel.database.server import Capabilities, Engine, inspect_server
from bezant.kernel.database.slow import SLOW_STATEMENT_MS
from bezant.kernel.database.statements import (
    BEGIN_BY_KEY,
    BEGIN_READ_ONLY,
    BEGIN_SERIALIZABLE,
    BEGIN_SWEEP,
    PING,
    ROLLBACK_TO_SAVEPOINT,
    SAVEPOINT,
)
from bezant.kernel.database.together import execute_together, fetch_together

__all__ = [
    "BEGIN_BY_KEY",
    "BEGIN_READ_ONLY",
    "BEGIN_SERIALIZABLE",
    "BEGIN_SWEEP",
    "CONNECTION_LOST",
    "PING",
    "ROLLBACK_TO_SAVEPOINT",
    "SAVEPOINT",
    "SLOW_STATEMENT_MS",
    "Capabilities",
    "CommitUnknown",
    "Database",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "Engine",
    "Gathering",
    "Replica",
    "ReplicaUnavailable",
    "Row",
    "RowKind",
    "TooContended",
    "execute_together",
    "fetch_together",
    "inspect_server",
    "statements_of",
    "write_rows",
]
