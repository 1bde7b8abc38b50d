"""Platforms with backups, as processes: their key store is the tests'."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.server.backup import BaseBackup, Source
from bezant.server.embedded import SUPERUSER, superuser_password
from bezant.vault.backup import Shelf
from bezant.vault.keystores import BoundKeys
from integration.outside.till import NO_CACHE, Ended
from keyed import FileKeyStore
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, furnish

_TESTS = Path(__file__).parent
_COMMAND_WITHIN_S = 60.0


@dataclass(frozen=True)
class BackedUp:
    """A data folder with its backups, beside each other in a folder.

    Attributes:
        parent: that folder.
    """

    parent: Path

    @property
    def data(self) -> Path:
        return self.parent / "data"

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.parent / "backups", "main")

    @property
    def key_shelf(self) -> Shelf:
        return Shelf(self.parent / "key-backups", "keys")

    @property
    def keys(self) -> BoundKeys:
        return BoundKeys(FileKeyStore(self.parent / "root.key"))

    @property
    def prefix(self) -> tuple[str, ...]:
        """What stands before `python -m bezant.cli`, so that it has the tests' key store."""
        return (
            "env",
            f"PYTHONPATH={_TESTS}",
            f"TEST_KEY_STORE={self.parent / 'root.key'}",
            f"BEZANT_DATA_DIR={self.data}",
            f"BEZANT_BACKUP_FOLDER={self.shelf.folder}",
            f"BEZANT_KEY_BACKUP_FOLDER={self.key_shelf.folder}",
            sys.executable,
            str(_TESTS / "processes/keyed_bezant.py"),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RunningPlatform]:
        """A platform that archives its log, ended when the test does not."""
        await furnish(self.data)
        platform = await RunningPlatform.start(self.data, *NO_CACHE, prefix=self.prefix)
        try:
            yield platform
        finally:
            if platform.process.returncode is None:
                await platform.stop()

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command."""
        return await asyncio.create_subprocess_exec(
            *self.prefix, *COMMAND, *arguments,
            env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    async def bezant(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        process = await self.start(*arguments)
        async with asyncio.timeout(_COMMAND_WITHIN_S):
            output, errors = await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, output.decode(), errors.decode())

    async def made(self, *arguments: str) -> dict[str, Any]:
        """Run a command that must succeed; its answer in JSON."""
        ended = await self.bezant(*arguments, "--json")
        assert ended.status == 0, ended.errors
        answer: dict[str, Any] = json.loads(ended.output)
        return answer

    async def listed(self) -> list[dict[str, Any]]:
        """What `bezant backup list` shows."""
        ended = await self.bezant("backup", "list", "--json")
        assert ended.status == 0, ended.errors
        found: list[dict[str, Any]] = json.loads(ended.output)
        return found

    def base_backup(self, source: Source, shelf: Shelf) -> BaseBackup:
        """A base backup of the running platform, made in this process."""
        return BaseBackup(
            self.data,
            source,
            self.data / "run",
            shelf,
            self.keys,
            SystemClock(),
            TimeOrderedIds(),
            progress=lambda _done, _total: None,
        )

    async def kill(self, platform: RunningPlatform) -> None:
        """Kill a platform without a word; its servers end by themselves."""
        platform.process.send_signal(signal.SIGKILL)
        await platform.process.wait()

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection to the running database, as who looks after it."""
        connection = await asyncpg.connect(
            host=str(self.data / "run"),
            port=5432,
            user=SUPERUSER,
            password=superuser_password(self.data),
            database="bezant",
        )
        try:
            yield connection
        finally:
            await connection.close()
