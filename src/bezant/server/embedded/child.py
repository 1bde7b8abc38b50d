"""A server's process: started under its user, ended with ours, its last words kept."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from bezant.server.embedded.account import Account

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")

# How much of a log is read for an error, and how much of it is shown.
_TAIL_BYTES: Final = 16_384
_TAIL_LINES: Final = 20

# A log is set aside at the next start when it is larger; one older log is kept.
_LOG_BYTES_MAX: Final = 16 * 1024 * 1024


class Child:
    """A running server that is our child.

    Start it from the thread that lives as long as the platform, the main one: the kernel signals
    the child when its parent *thread* ends (prctl(2), PR_SET_PDEATHSIG).
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path, log_start: int) -> None:
        self._process = process
        self._log = log
        self._log_start = log_start

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        account: Account,
        folder: Path,
        log: Path,
        death_signal: signal.Signals,
        stdin: bytes = b"",
    ) -> Self:
        """Start `command`.

        Args:
            command: the program and its arguments.
            account: whom it runs as.
            folder: where it runs; the account may enter it.
            log: receives its output. Opened by us, so that it can write on, not rewrite.
            death_signal: what the kernel sends it when we die.
            stdin: what it reads.
        """
        output = _open_log(log)
        try:
            log_start = os.fstat(output).st_size
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                str(_LAUNCHER),
                *map(str, (os.getpid(), account.uid, account.gid, int(death_signal), folder)),
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        finally:
            os.close(output)
        assert process.stdin is not None
        # A program that ended before it read everything is reported by its status and its log.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(stdin)
            process.stdin.close()
            await process.stdin.wait_closed()
        return cls(process, log, log_start)

    @property
    def pid(self) -> int:
        """The process id, the same before and after the program was executed."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def ending(self) -> str:
        """How it ended, as a verb phrase."""
        status = self.status
        assert status is not None, "still running"
        if status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        return f"ended with status {status}"

    async def wait(self) -> int:
        """Wait until it ends; the exit status."""
        return await self._process.wait()

    async def stop(self, politely: signal.Signals, within_s: float, then: signal.Signals) -> None:
        """Ask it to end; insist when it has not done so in time."""
        for request in (politely, then):
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(request)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), within_s)
                return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    def last_words(self) -> str:
        """The last lines that this run wrote."""
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])


def _open_log(log: Path) -> int:
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
        log.rename(log.with_name(log.name + ".old"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
