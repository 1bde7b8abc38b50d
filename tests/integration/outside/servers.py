"""Servers as an operator has them: Debian's PostgreSQL, PgBouncer, Redis and Memcached.

Each test run starts its own, as an unprivileged user, in a folder of its own, on loopback ports
that were free, and ends them. The machine's own services are neither used nor touched.
"""

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import asyncpg
import pytest

from bezant.kernel.clock import SystemClock
from bezant.server.development_ca import DevelopmentCa
from bezant.server.embedded.account import Account
from bezant.server.embedded.child import Child
from bezant.server.migrations import migrate

LOOPBACK: Final = "127.0.0.1"
PASSWORD: Final = "not-a-secret"
OWNER: Final = "bezant_owner"
APP: Final = "bezant_app"
STRANGER: Final = "stranger"
START_WITHIN_S: Final = 30.0
STOP_WITHIN_S: Final = 10.0

_BINARIES: Final = tuple(f"/usr/lib/postgresql/{major}/bin" for major in (15, 16, 17, 18))
_HBA: Final = """
local   all all              scram-sha-256
host    all all 127.0.0.1/32 scram-sha-256
"""
_POOLER: Final = """
[databases]
* = host={socket_folder} port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
"""


def program(name: str, *folders: str) -> str:
    """The path of a program of the system; without it the test is skipped."""
    path = shutil.which(name, path=os.pathsep.join([*folders, "/usr/sbin", "/usr/bin"]))
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


async def _started(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a program, which raises no event here. (Who starts commands also has `until`.)"""
    async with asyncio.timeout(START_WITHIN_S):
        while not await condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)


@dataclass
class Server:
    """A program that runs until the test ends it, or the test run itself ends.

    Attributes:
        child: its process.
        port: where it listens, on loopback.
    """

    child: Child
    port: int

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        command: Sequence[str],
        *,
        port: int,
        folder: Path,
        politely: signal.Signals = signal.SIGTERM,
    ) -> "AsyncIterator[Server]":
        """Start a program, wait until it accepts connections, and end it."""
        log = folder / f"{Path(command[0]).name}.log"
        child = await Child.start(
            command,
            account=Account.for_servers(),
            folder=folder,
            log=log,
            death_signal=signal.SIGKILL,
        )
        server = cls(child, port)
        try:
            await _started(server._accepts)
            yield server
        finally:
            await child.stop(politely, STOP_WITHIN_S, signal.SIGKILL)

    async def stop(self) -> None:
        """End it early."""
        await self.child.stop(signal.SIGTERM, STOP_WITHIN_S, signal.SIGKILL)

    async def _accepts(self) -> bool:
        if self.child.status is not None:
            raise AssertionError(f"it {self.child.ending}:\n{self.child.last_words()}")
        with suppress(OSError):
            _, writer = await asyncio.open_connection(LOOPBACK, self.port)
            writer.close()
            return True
        return False


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL with TLS and passwords, reached by socket or loopback.

    Attributes:
        socket_folder: where its unix socket is.
        port: its port, of the socket's name as well.
        ca: the authority that vouches for its certificate.
    """

    socket_folder: Path
    port: int
    ca: Path

    def by_socket(self, role: str, database: str) -> str:
        """A URL through the unix socket."""
        query = urlencode({"host": str(self.socket_folder), "port": self.port})
        return f"postgresql://{role}:{PASSWORD}@/{database}?{query}"

    def by_loopback(self, role: str, database: str, **query: str) -> str:
        """A URL through TCP."""
        url = f"postgresql://{role}:{PASSWORD}@{LOOPBACK}:{self.port}/{database}"
        return f"{url}?{urlencode(query)}" if query else url

    def verified(self, role: str, database: str, ca: Path | None = None) -> str:
        """A URL through TCP that verifies the server, by its own authority or another one."""
        return self.by_loopback(
            role, database, sslmode="verify-full", sslrootcert=str(ca or self.ca)
        )

    @asynccontextmanager
    async def connected(
        self, role: str, database: str
    ) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        """A connection, as the tests' own eyes and hands."""
        connection = await asyncpg.connect(self.by_socket(role, database))
        try:
            yield connection
        finally:
            await connection.close()

    async def answers(self) -> bool:
        """Whether it has started up; it accepts connections a little earlier."""
        with suppress(asyncpg.CannotConnectNowError):
            async with self.connected("postgres", "postgres"):
                return True
        return False

    async def new_database(self, name: str) -> None:
        """Make an empty database that the owner's role owns."""
        async with self.connected("postgres", "postgres") as connection:
            await connection.execute(f"CREATE DATABASE {name} OWNER {OWNER}")

    async def migrated_database(self, name: str) -> str:
        """Make a database that is ready for the application's role; its name."""
        await self.new_database(name)
        await migrate(self.by_socket(OWNER, name), APP)
        return name


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[Cluster]:
    """A new cluster with the three roles of the tests, none of which is a superuser.

    Args:
        folder: an empty one that the servers' user may pass through.
    """
    postgres = program("postgres", *_BINARIES)
    account, data, port = Account.for_servers(), folder / "data", free_port()
    authority = DevelopmentCa(folder / "tls", SystemClock())
    authority.certificate.parent.mkdir()
    authority.ensure(LOOPBACK)
    (folder / "password").write_text(PASSWORD)
    data.mkdir(mode=0o700)
    theirs = (data, folder, authority.certificate.parent, authority.certificate, authority.key)
    for path in theirs:
        os.chown(path, account.uid, account.gid)
    await _initdb(Path(postgres).with_name("initdb"), folder, data)
    (data / "pg_hba.conf").write_text(_HBA)
    settings = {
        "listen_addresses": LOOPBACK,
        "port": port,
        "unix_socket_directories": folder,
        "ssl": "on",
        "ssl_cert_file": authority.certificate,
        "ssl_key_file": authority.key,
        "shared_buffers": "32MB",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    # SIGINT: the "fast" shutdown, which waits for no client.
    async with Server.running(
        [postgres, "-D", str(data), *options], port=port, folder=folder, politely=signal.SIGINT
    ):
        made = Cluster(folder, port, authority.ca)
        await _started(made.answers)
        async with made.connected("postgres", "postgres") as connection:
            for role in (OWNER, APP, STRANGER):
                await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
        yield made


async def _initdb(initdb: Path, folder: Path, data: Path) -> None:
    child = await Child.start(
        [
            str(initdb), "-D", str(data), "--username=postgres", f"--pwfile={folder}/password",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync",
        ],
        account=Account.for_servers(),
        folder=folder,
        log=folder / "initdb.log",
        death_signal=signal.SIGKILL,
    )  # fmt: skip
    async with asyncio.timeout(START_WITHIN_S):
        assert await child.wait() == 0, child.last_words()


@asynccontextmanager
async def pooler(folder: Path, behind: Cluster, settings: str = "") -> AsyncIterator[Server]:
    """PgBouncer in transaction mode, everything else as it comes unless `settings` say so."""
    command = program("pgbouncer")
    port = free_port()
    roles = (OWNER, APP)
    (folder / "users").write_text("".join(f'"{role}" "{PASSWORD}"\n' for role in roles))
    config = _POOLER.format(
        socket_folder=behind.socket_folder, server_port=behind.port, port=port, folder=folder
    )
    (folder / "pgbouncer.ini").write_text(config + settings)
    # SIGTERM: at once.
    async with Server.running(
        [command, str(folder / "pgbouncer.ini")], port=port, folder=folder
    ) as server:
        yield server


@asynccontextmanager
async def redis(folder: Path, port: int | None = None) -> AsyncIterator[Server]:
    """Redis with a password, keeping nothing."""
    port = port or free_port()
    command = [program("redis-server"), "--bind", LOOPBACK, "--port", str(port), "--save", ""]
    async with Server.running(
        [*command, "--requirepass", PASSWORD], port=port, folder=folder
    ) as server:
        yield server


@asynccontextmanager
async def memcached(folder: Path, port: int | None = None) -> AsyncIterator[Server]:
    """Memcached with a little memory."""
    port = port or free_port()
    command = [program("memcached"), "-l", LOOPBACK, "-p", str(port), "-m", "16"]
    async with Server.running(command, port=port, folder=folder) as server:
        yield server


def pooled(port: int, database: str, role: str = APP) -> str:
    """A URL through a pooler on loopback."""
    return f"postgresql://{role}:{quote(PASSWORD)}@{LOOPBACK}:{port}/{database}"
