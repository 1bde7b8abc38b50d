"""A process that forks one to be killed for every task: starting Python anew would take longer."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")

_write = os.write  # as it is before a task makes it fail


def say(*words: object) -> None:
    """Tell the test, in a line that no kill cuts."""
    _write(1, (" ".join(map(str, words)) + "\n").encode())


async def stop_here(step: str) -> None:
    """Tell the test, and wait to be killed."""
    say(step)
    await asyncio.Event().wait()


def serve(kind: type[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Carry out the tasks on standard input, a line of JSON each, in a process of its own each."""

    async def carry_out(line: bytes) -> None:
        await work(msgspec.json.decode(line, type=kind))

    for line in sys.stdin.buffer:
        pid = os.fork()
        if pid == 0:
            say("started", os.getpid())
            asyncio.run(carry_out(line))
            os._exit(0)
        os.waitpid(pid, 0)
        say("ended")


class Forks:
    """The test's end.

    Attributes:
        said: what the process of the present task has told.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._pid = 0
        self.said: list[str] = []

    async def begin(self, task: object) -> None:
        """Have a process begin a task."""
        assert self._process.stdin is not None
        self.said = []
        self._process.stdin.write(msgspec.json.encode(task) + b"\n")
        await self._process.stdin.drain()
        await self.until("started ")
        self._pid = int(self.said[-1].split()[1])

    async def until(self, *words: str) -> None:
        """Read on until it says something that begins like one of these."""
        assert self._process.stdout is not None
        while not (self.said and self.said[-1].startswith(words)):
            line = await self._process.stdout.readline()
            assert line, self.said
            self.said.append(line.decode().strip())
            assert self.said[-1] != "ended" or "ended" in words, self.said

    async def kill(self) -> list[str]:
        """SIGKILL; everything that it has said."""
        os.kill(self._pid, signal.SIGKILL)
        await self.until("ended")
        self._pid = 0
        return self.said[:-1]

    async def close(self) -> None:
        """End both, whatever they are at."""
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def forks(script: Path) -> AsyncIterator[Forks]:
    """The process of a script that calls `serve`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    opened = Forks(process)
    try:
        yield opened
    finally:
        await opened.close()
