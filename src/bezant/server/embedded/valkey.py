"""The embedded Valkey: a cache that keeps nothing."""

import asyncio
import secrets
import signal
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import quote

from bezant.server.embedded.child import Child
from bezant.server.embedded.errors import server_failure
from bezant.server.embedded.folder import DataFolder
from bezant.server.embedded.programs import VALKEY, programs_for

_READY_WITHIN_S: Final = 10.0
_POLL_S: Final = 0.01
_STOP_WITHIN_S: Final = 5.0


class ValkeyServer:
    """Valkey on a unix socket, as our child.

    Its password is new in every run and written nowhere: we hand it over by a pipe.

    Args:
        data: entered already.
        sockets: a folder of the servers' own.
        progress: told each slow step, as a short sentence.
    """

    name: ClassVar[str] = "Valkey"

    def __init__(self, data: DataFolder, sockets: Path, progress: Callable[[str], None]) -> None:
        self._data = data
        self._socket = sockets / "valkey.sock"
        self._progress = progress
        self._password = secrets.token_urlsafe(32)
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The running server."""
        assert self._child is not None, "not started"
        return self._child

    async def start(self) -> str:
        """Start it; return its URL, which holds the password, when it answers.

        Raises:
            ServerFailed: it ended or did not answer; the error quotes what it wrote.
        """
        self._progress("Starting Valkey")
        programs = programs_for(self._data, VALKEY)
        with self._data.explained():
            # A killed run leaves its socket behind.
            self._socket.unlink(missing_ok=True)
        self._child = child = await Child.start(
            [str(programs / "valkey-server"), "-"],
            account=self._data.account,
            folder=self._socket.parent,
            log=self._data.private_folder("log") / "valkey.log",
            death_signal=signal.SIGKILL,
            stdin=self._configuration().encode(),
        )
        url = f"unix://:{self._password}@{quote(str(self._socket))}?db=0"
        what = f"did not answer within {_READY_WITHIN_S:.0f} s"
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_READY_WITHIN_S):
                    if await self._answers(child):
                        return url
                    what = child.ending
        except BaseException:
            await self.stop()
            raise
        await self.stop()
        raise server_failure(self.name, what, child.last_words(), self._data.path)

    async def stop(self) -> None:
        """End it. What it held is gone, as a cache's content may be at any moment."""
        if self._child is not None:
            await self._child.stop(signal.SIGTERM, _STOP_WITHIN_S, then=signal.SIGKILL)
            self._child = None

    def _configuration(self) -> str:
        return "\n".join(
            (
                "port 0",  # no TCP
                f'unixsocket "{self._socket}"',
                "unixsocketperm 700",
                f"requirepass {self._password}",
                # The cache is never the truth: nothing is written to disk, the least used goes
                # first.
                'save ""',
                "appendonly no",
                "maxmemory 64mb",
                "maxmemory-policy allkeys-lru",
                "daemonize no",
                "loglevel notice",
                "",
            )
        )

    async def _answers(self, child: Child) -> bool:
        """Wait until it answers a PING; False when it ends instead."""
        while child.status is None:
            with suppress(OSError, EOFError):
                if await _pong(self._socket, self._password):
                    return True
            await asyncio.sleep(_POLL_S)
        return False


async def _pong(socket: Path, password: str) -> bool:
    """Whether it answers, and not that it is loading; by hand, as its client is slow to import."""
    reader, writer = await asyncio.open_unix_connection(socket)
    with closing(writer):
        # Inline commands: https://valkey.io/topics/protocol/
        writer.write(f"AUTH {password}\r\nPING\r\n".encode())
        answers = [await reader.readuntil(b"\r\n") for _ in range(2)]
    return answers == [b"+OK\r\n", b"+PONG\r\n"]
