"""PostgreSQL's configuration, each setting with its reason.

Written at every start, so that an upgrade of the platform brings its own; outside the database's
folder, so that not even a superuser within the database can change who may connect.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OWNER: Final = "bezant_owner"
"""Owns the database and migrates it."""

APPLICATION: Final = "bezant_app"
"""What the platform works as; the migrations grant its rights."""

VAULT: Final = "bezant_vault"
"""What the vault works as, in both clusters; the migrations grant its rights."""

KEYS_OWNER: Final = "bezant_keys_owner"
"""Owns the database of keys and migrates it."""

SUPERUSER: Final = "bezant_superuser"
"""For the people who look after the database; the platform does not use it."""

DATABASE: Final = "bezant"

KEYS_DATABASE: Final = "bezant_keys"

PORT: Final = 5432
"""Only names the socket; no port is opened."""

KEYS_PORT: Final = 5433
"""As above, in the same folder."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL of the platform's.

    Attributes:
        name: what people are shown.
        database_name: what people are shown of its one database.
        folder: its data, in the data folder; its logs are called the same.
        config_folder: its configuration, in the data folder.
        passwords: the file of its roles' passwords, in the data folder.
        port: names the socket; no port is opened.
        database: the database.
        owner: the role that owns it.
        clients: the other roles that may connect to it.
        settings: those that differ from the main cluster's, each with its value and why.
    """

    name: str
    database_name: str
    folder: str
    config_folder: str
    passwords: str
    port: int
    database: str
    owner: str
    clients: tuple[str, ...]
    settings: tuple[tuple[str, str, str], ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """All that log in."""
        return (SUPERUSER, self.owner, *self.clients)


MAIN: Final = Cluster(
    name="PostgreSQL",
    database_name="database",
    folder="postgres",
    config_folder="config",
    passwords="postgres-passwords.json",
    port=PORT,
    database=DATABASE,
    owner=OWNER,
    clients=(APPLICATION, VAULT),
    settings=(),
)
"""All data but the keys of sealed values."""

KEYS: Final = Cluster(
    name="PostgreSQL for keys",
    database_name="database of keys",
    folder="keys",
    config_folder="keys-config",
    passwords="keys-passwords.json",
    port=KEYS_PORT,
    database=KEYS_DATABASE,
    owner=KEYS_OWNER,
    clients=(VAULT,),
    # Small rows, found by their key, for one process: little memory, and no helpers.
    settings=(
        ("port", str(KEYS_PORT), "names the socket"),
        ("cluster_name", "bezant-keys", "what `ps` shows"),
        ("max_connections", "30", "the vault's pool, with room for an operator"),
        ("shared_buffers", "16MB", "a subject's key takes some 200 bytes"),
        ("max_pred_locks_per_transaction", "64", "transactions touch a few rows"),
        ("max_pred_locks_per_page", "16", "as above"),
        ("io_method", "sync", "no processes that read ahead"),
        ("max_worker_processes", "2", "nothing runs in parallel"),
        ("max_parallel_workers", "0", "as above"),
        ("max_logical_replication_workers", "0", "no launcher that waits for none"),
        ("autovacuum_worker_slots", "1", "one at a time is enough"),
        ("autovacuum_max_workers", "1", "within these slots"),
        ("max_wal_size", "128MB", "bounds recovery and the disk"),
        ("min_wal_size", "32MB", "the least there is"),
    ),
)
"""The keys of sealed values, apart from these: a backup of one says nothing without the other."""

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
    # A statement that was planned while its table was empty may read all of a tenant's rows until
    # the table is analyzed: tokenization took four times as long for the default's whole minute.
    ("autovacuum_naptime", "10s", "tables that fill are soon planned for as they are"),
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


def postgresql_conf(cluster: Cluster, *, sockets: Path, hba: Path) -> str:
    """The text of a cluster's `postgresql.conf`."""
    paths = (
        ("hba_file", str(hba), "who may connect"),
        ("unix_socket_directories", str(sockets), "where clients meet the server"),
    )
    # A later one takes the place of an earlier one of its name.
    settings = {each[0]: each for each in (*paths, *_SETTINGS, *cluster.settings)}
    head = "# Written by Bezant at every start; changes are lost.\n"
    return head + conf_lines(settings.values())


def pg_hba_conf(cluster: Cluster) -> str:
    """The text of a cluster's `pg_hba.conf`: its roles, over the socket, by SCRAM (RFC 7677)."""
    users = ",".join((cluster.owner, *cluster.clients))
    return (
        "# Written by Bezant at every start; changes are lost.\n"
        f"local  {cluster.database}  {users}  scram-sha-256\n"
        f"local  all  {SUPERUSER}  scram-sha-256\n"
        # Base backups; `all` does not name them.
        f"local  replication  {SUPERUSER}  scram-sha-256\n"
    )


def bootstrap_sql(cluster: Cluster) -> str:
    """The owner, and the database closed to all others; one statement a line.

    So single-user mode reads them (PostgreSQL 18 documentation, `postgres`, "Single-User Mode").
    """
    return "\n".join(
        (
            f"CREATE ROLE {cluster.owner} LOGIN",
            f"CREATE DATABASE {cluster.database} OWNER {cluster.owner}",
            f"REVOKE ALL ON DATABASE {cluster.database} FROM PUBLIC",
            "REVOKE ALL ON DATABASE postgres FROM PUBLIC",
            "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
            "",
        )
    )


def clients_sql(cluster: Cluster, roles: Iterable[str]) -> str:
    """Those of `roles` that are clients of the cluster, made unless they are there, and let in."""
    return "".join(
        # Caught, the error would end single-user mode all the same (`exit_on_error`).
        f"DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
        f" THEN CREATE ROLE {role} LOGIN; END IF; END$$\n"
        f"GRANT CONNECT ON DATABASE {cluster.database} TO {role}\n"
        for role in roles
        if role in cluster.clients
    )


def passwords_sql(passwords: dict[str, str]) -> str:
    """One statement a line: each role's password. The server keeps the SCRAM verifier only."""
    lines = []
    for role, password in passwords.items():
        assert re.fullmatch(r"[\w-]+", password, re.ASCII), "needs no quoting"
        lines.append(f"ALTER ROLE {role} PASSWORD '{password}'\n")
    return "".join(lines)


def conf_lines(settings: Iterable[tuple[str, str, str]]) -> str:
    """Lines of `postgresql.conf`: each setting, its value, and why."""
    return "".join(f"{name} = {_quoted(value)}  # {why}\n" for name, value, why in settings)


def _quoted(value: str) -> str:
    """A string of postgresql.conf, where a backslash escapes (PostgreSQL 18's `guc-file.l`)."""
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"
