"""Transaction control and inspection statements. Domains keep their own SQL in their `store.py`."""

from typing import Final

BEGIN_SERIALIZABLE: Final = "BEGIN ISOLATION LEVEL SERIALIZABLE"

# For transactions that reach every row by its key: a plan that scans a small table reads, and so
# locks, all of it, and then they abort each other although they share no row.
BEGIN_BY_KEY: Final = (
    f"{BEGIN_SERIALIZABLE};"
    "SET LOCAL enable_seqscan = off;"
    "SET LOCAL enable_bitmapscan = off;"
    "SET LOCAL enable_hashjoin = off;"
    "SET LOCAL enable_mergejoin = off"
)

# For removing what nobody reads any more: it depends on nothing that it reads, and under
# SERIALIZABLE it would read-lock pages that lanes insert into.
BEGIN_SWEEP: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"

BEGIN_READ_ONLY: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

COMMIT: Final = "COMMIT"

ROLLBACK: Final = "ROLLBACK"

SAVEPOINT: Final = "SAVEPOINT before_work"

ROLLBACK_TO_SAVEPOINT: Final = "ROLLBACK TO SAVEPOINT before_work"

# A session that stops in the middle of a batch gives its locks up after 5 s; whoever waits for such
# a lock waits a little longer than that, so that it gets it.
SESSION_TIMEOUTS: Final = (
    "SET idle_in_transaction_session_timeout = '5s';"
    "SET lock_timeout = '8s';"
    "SET statement_timeout = '30s';"
    "SET tcp_keepalives_idle = 10;"
    "SET tcp_keepalives_interval = 5;"
    "SET tcp_keepalives_count = 3"
)

# The driver asks the server for a type when a column of a result has it. In rows within rows
# (`together`) it meets types that it did not see before, and those it has to know already.
LEARN_TYPES: Final = """
    SELECT NULL::numeric[] AS numerics, NULL::uuid[] AS uuids, NULL::timestamptz[] AS instants,
        NULL::date[] AS days, NULL::bigint[] AS numbers, NULL::boolean[] AS flags,
        NULL::bytea[] AS sealed
"""

# Behind a pooler a setting lives no longer than its transaction.
LOCAL_TIMEOUTS: Final = (
    "SET LOCAL idle_in_transaction_session_timeout = '5s';"
    "SET LOCAL lock_timeout = '8s';"
    "SET LOCAL statement_timeout = '30s'"
)

# A driver that prepares a statement asks for a flush, not for the end of its messages. A session
# whose client stops there waits for the rest, and is not idle to the server.
END_SILENT: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND wait_event = 'ClientRead'
        AND xact_start < now() - $1::interval AND state_change < now() - $1::interval
"""

SERVER_SETTINGS: Final = """
    SELECT name, setting FROM pg_settings
    WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version_num')
"""

SERVER_VERSION: Final = "SELECT version()"

SERVER_SESSION: Final = "SELECT pg_backend_pid()"

PING: Final = "SELECT 1"
