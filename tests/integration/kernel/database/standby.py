"""A real streaming standby of an embedded PostgreSQL: to be paused, stopped, killed, promoted."""

import asyncio
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self
from urllib.parse import urlencode, urlsplit, urlunsplit

import asyncpg

from bezant.server.embedded import DataFolder
from bezant.server.embedded.child import Child
from bezant.server.embedded.postgres import PostgresAddress, superuser_password
from bezant.server.embedded.postgres_config import DATABASE, PORT, SUPERUSER
from bezant.server.embedded.programs import POSTGRES, programs_for

WITHIN_S = 30
POLL_S = 0.02


class Standby:
    """A hot standby, our child.

    Attributes:
        url: how the application's role reaches it.
    """

    def __init__(
        self, child: Child, url: str, here: asyncpg.Connection, there: asyncpg.Connection
    ) -> None:
        self.url = url
        self._child = child
        self._here = here
        self._primary = there

    @classmethod
    async def start(cls, data: DataFolder, primary: PostgresAddress, folder: Path) -> Self:
        """Copy the primary into a new `folder`, and follow it from there."""
        password = superuser_password(data.path)
        there = await _superuser(primary.socket_dir, password)
        await _admit_replication(data, there)
        account = data.account
        sockets, database = folder / "run", folder / "postgres"
        for each in (folder, sockets):
            each.mkdir(mode=0o700)
            os.chown(each, account.uid, account.gid)
        await _copy(primary.socket_dir, database, password)
        for path in (database, *database.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
        child = await Child.start(
            [
                str(programs_for(data, POSTGRES) / "bin/postgres"),
                *("-D", str(database)),
                *("-c", f"config_file={data.path / 'config/postgresql.conf'}"),
                *("-c", f"unix_socket_directories={sockets}"),
            ],
            account=account,
            folder=folder,
            log=folder / "postgres.log",
            death_signal=signal.SIGQUIT,
        )
        try:
            here = await _superuser(sockets, password)
        except BaseException:
            await child.stop(signal.SIGQUIT, WITHIN_S, then=signal.SIGKILL)
            raise
        query = urlencode({"host": str(sockets), "port": PORT})
        url = urlunsplit(urlsplit(primary.app_url)._replace(query=query))
        return cls(child, url, here, there)

    async def end(self) -> None:
        """End it, unless it has ended."""
        self._here.terminate()
        await self._primary.close()
        await self._child.stop(signal.SIGQUIT, WITHIN_S, then=signal.SIGKILL)

    async def catch_up(self) -> None:
        """Wait until it has replayed what the primary has committed by now."""
        committed = await self._primary.fetchval("SELECT pg_current_wal_flush_lsn()::text")
        await self._until("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", committed)

    async def pause(self) -> None:
        """Stop replaying; what comes is kept."""
        await self._here.execute("SELECT pg_wal_replay_pause()")
        await self._until("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    async def resume(self) -> None:
        """Replay on, and catch up."""
        await self._here.execute("SELECT pg_wal_replay_resume()")
        await self.catch_up()

    async def promote(self) -> None:
        """Make it a primary of its own."""
        assert await self._here.fetchval("SELECT pg_promote()")

    def send(self, request: signal.Signals) -> None:
        """Signal all of its processes."""
        children = Path(f"/proc/{self._child.pid}/task/{self._child.pid}/children").read_text()
        for pid in (self._child.pid, *map(int, children.split())):
            os.kill(pid, request)

    async def kill(self) -> None:
        """End all of its processes at once."""
        self.send(signal.SIGKILL)
        await self._child.wait()

    async def _until(self, question: str, *values: object) -> None:
        async with asyncio.timeout(WITHIN_S):
            # Another process's state: there is nothing in this one to wait for.
            while not await self._here.fetchval(question, *values):  # noqa: ASYNC110 - as above
                await asyncio.sleep(POLL_S)


async def _admit_replication(data: DataFolder, superuser: asyncpg.Connection) -> None:
    with (data.path / "config/pg_hba.conf").open("a", encoding="utf-8") as rules:
        rules.write(f"local  replication  {SUPERUSER}  scram-sha-256\n")
    await superuser.execute("SELECT pg_reload_conf()")


async def _copy(sockets: Path, database: Path, password: str) -> None:
    """Take a base backup that is set up to follow; again until the new rules have been read."""
    program = POSTGRES.installed() / POSTGRES.home / "bin/pg_basebackup"
    command = [
        *(str(program), "--pgdata", str(database), "--checkpoint=fast", "--write-recovery-conf"),
        # One connection rather than two: a standby that follows has the other.
        "--wal-method=fetch",
        *("--host", str(sockets), "--port", str(PORT), "--username", SUPERUSER, "--no-password"),
    ]
    environment = {**os.environ, "PGPASSWORD": password}
    async with asyncio.timeout(WITHIN_S):
        while True:
            done = await asyncio.to_thread(
                subprocess.run, command, env=environment, capture_output=True, text=True
            )
            if done.returncode == 0:
                return
            assert "no pg_hba.conf entry" in done.stderr, done.stderr
            shutil.rmtree(database, ignore_errors=True)
            await asyncio.sleep(POLL_S)


async def _superuser(sockets: Path, password: str) -> asyncpg.Connection:
    """A connection to the server whose socket is in a folder, once it answers."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                return await asyncpg.connect(
                    host=str(sockets),
                    port=PORT,
                    user=SUPERUSER,
                    password=password,
                    database=DATABASE,
                )
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(POLL_S)
