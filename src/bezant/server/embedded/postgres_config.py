"""PostgreSQL's configuration, each setting with its reason.

Written at every start, so that an upgrade of the platform brings its own; outside the database's
folder, so that not even a superuser within the database can change who may connect.
"""

import os
import re
import shlex
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

OWNER: Final = "bezant_owner"
"""Owns the database and migrates it."""

APPLICATION: Final = "bezant_app"
"""What the platform works as; the migrations grant its rights."""

SUPERUSER: Final = "bezant_superuser"
"""For the people who look after the database; the platform does not use it."""

DATABASE: Final = "bezant"

PORT: Final = 5432
"""Only names the socket; no port is opened."""

# Each setting, its value, and why.
_SETTINGS: Final = (
    # Who gets in
    ("listen_addresses", "", "no TCP: the socket is the only way in"),
    ("port", str(PORT), "names the socket"),
    ("unix_socket_permissions", "0700", "only the servers' user, and root"),
    ("password_encryption", "scram-sha-256", "the only method that pg_hba.conf admits"),
    ("authentication_timeout", "10s", "a client that says nothing holds no slot"),
    ("max_connections", "100", "workers x pool, with room for an operator"),
    ("allow_alter_system", "off", "this file is the configuration"),
    # What is promised to be kept
    ("fsync", "on", "a commit is on disk"),
    ("synchronous_commit", "on", "before it is answered"),
    ("full_page_writes", "on", "and survives a torn page"),
    # Serializable without false conflicts: PostgreSQL 18 documentation, 13.2.3 and 19.12. With the
    # defaults, locks are promoted to whole relations, and transactions on different books abort
    # each other.
    ("max_pred_locks_per_transaction", "4096", "row locks stay row locks"),
    ("max_pred_locks_per_page", "64", "as above, within a page"),
    # Memory. The table of predicate locks is laid out in full at start, for every slot that may
    # ever run a transaction: 1.1 MB each. Slots that nobody uses are given back.
    ("autovacuum_worker_slots", "4", "the default keeps 16"),
    ("autovacuum_max_workers", "3", "within these slots"),
    ("max_wal_senders", "2", "one base backup and its log; the default keeps 10"),
    ("max_replication_slots", "2", "as above"),
    ("shared_buffers", "256MB", "the hot books; touched only as it fills"),
    ("huge_pages", "try", "where the machine offers them"),
    (
        "recovery_init_sync_method",
        "syncfs" if sys.platform == "linux" else "fsync",
        "one call, not one a file: recovery begins seconds sooner",
    ),
    # Steady latency
    ("max_wal_size", "2GB", "checkpoints come by time rather than by load; bounds recovery"),
    ("min_wal_size", "256MB", "log files are reused rather than made anew under load"),
    ("checkpoint_timeout", "10min", "fewer full-page images"),
    ("wal_compression", "pglz", "full-page images are most of the log"),
    ("random_page_cost", "1.1", "solid state disks"),
    # Nobody holds a lane for ever
    ("idle_in_transaction_session_timeout", "60s", "a stalled writer is cut off and fenced"),
    ("client_connection_check_interval", "5s", "work for a client that is gone ends"),
    # Time and text
    ("timezone", "UTC", "instants are UTC everywhere"),
    ("log_timezone", "UTC", "as above"),
    ("datestyle", "ISO, YMD", "unambiguous"),
    ("lc_messages", "C", "messages are searched for known causes"),
    # The server's own log. Errors of statements stay out: they may quote values, and the platform
    # reports them without.
    ("log_min_messages", "log", "the server's life, not the statements'"),
    ("log_min_error_statement", "panic", "statements may hold personal data"),
    ("log_error_verbosity", "terse", "details may quote rows"),
    ("log_checkpoints", "off", "the log stays short"),
    ("log_line_prefix", "%m [%p] %q%u ", "when, which process, which role"),
    ("cluster_name", "bezant", "what `ps` shows"),
)


def postgresql_conf(*, sockets: Path, hba: Path) -> str:
    """The text of `postgresql.conf`."""
    paths = (
        ("hba_file", str(hba), "who may connect"),
        ("unix_socket_directories", str(sockets), "where clients meet the server"),
    )
    return "# Written by Bezant at every start; changes are lost.\n" + _lines((*paths, *_SETTINGS))


def pg_hba_conf() -> str:
    """The text of `pg_hba.conf`: three roles, over the socket, by SCRAM-SHA-256 (RFC 7677)."""
    return (
        "# Written by Bezant at every start; changes are lost.\n"
        f"local  {DATABASE}  {OWNER},{APPLICATION}  scram-sha-256\n"
        f"local  all  {SUPERUSER}  scram-sha-256\n"
        # `all` does not name it: base backups.
        f"local  replication  {SUPERUSER}  scram-sha-256\n"
    )


ARCHIVED_WITHIN_S: Final = 60
"""A segment of the log that is not full by then is closed, and archived as it is."""


def archiving_conf(folder: Path, marks: Path) -> str:
    """More of `postgresql.conf`: hand over the log, and keep what is not handed over.

    PostgreSQL's user holds no key and has no Python: the command only waits until the platform,
    which reads the segments by itself, has left a mark for one. Three times five seconds, so that a
    shutdown is not held up for ever; then PostgreSQL asks again, and keeps the segment meanwhile.

    Args:
        folder: the database's, where the command runs.
        marks: where the marks are.
    """
    mark = shlex.quote(os.path.relpath(marks, folder)).replace("%", "%%") + "/%f"
    command = f"n=0; until test -e {mark}; do n=$((n+1)); test $n -le 50 || exit 1; sleep 0.1; done"
    settings = (
        ("archive_mode", "on", "the log goes to the backups"),
        ("archive_command", command, "waits for the mark of the platform's archivist"),
        ("archive_timeout", f"{ARCHIVED_WITHIN_S}s", "bounds what a lost disk takes along"),
    )
    return _lines(settings)


def recovery_conf(until: datetime | None) -> str:
    """More of `postgresql.conf`: replay the log that lies in `pg_wal`, and open the database."""
    settings = [
        # All segments are in place; without a command there is no recovery from an archive.
        ("restore_command", "false", "nothing is fetched"),
        ("recovery_target_timeline", "current", "a series holds one timeline"),
        ("recovery_target_action", "promote", "then it is a database of its own"),
        ("hot_standby", "off", "nobody reads half of it"),
    ]
    if until is not None:
        instant = until.astimezone(UTC).isoformat(sep=" ")
        settings.append(("recovery_target_time", instant, "as asked"))
    return _lines(settings)


def closed_hba_conf() -> str:
    """The text of `pg_hba.conf` while a database is restored: nobody connects."""
    return "local  all  all  reject\n"


def bootstrap_sql() -> str:
    """The roles, and the database closed to all others; one statement a line.

    So single-user mode reads them (PostgreSQL 18 documentation, `postgres`, "Single-User Mode").
    """
    return "\n".join(
        (
            f"CREATE ROLE {OWNER} LOGIN",
            f"CREATE ROLE {APPLICATION} LOGIN",
            f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {DATABASE} TO {APPLICATION}",
            "REVOKE ALL ON DATABASE postgres FROM PUBLIC",
            "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
            "",
        )
    )


def passwords_sql(passwords: dict[str, str]) -> str:
    """One statement a line: each role's password. The server keeps the SCRAM verifier only."""
    lines = []
    for role, password in passwords.items():
        assert re.fullmatch(r"[\w-]+", password, re.ASCII), "needs no quoting"
        lines.append(f"ALTER ROLE {role} PASSWORD '{password}'\n")
    return "".join(lines)


def _lines(settings: Iterable[tuple[str, str, str]]) -> str:
    return "".join(f"{name} = {_quoted(value)}  # {why}\n" for name, value, why in settings)


def _quoted(value: str) -> str:
    """A string of postgresql.conf, where a backslash escapes (PostgreSQL 18's `guc-file.l`)."""
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"
