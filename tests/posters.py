"""Starting posting processes, and following what they say."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import msgspec

from processes.poster import Job

SCRIPT = Path(__file__).parent / "processes" / "poster.py"


class Poster:
    """A posting process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    @classmethod
    async def start(cls, job: Job) -> Self:
        """Start a process on a job."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SCRIPT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(job))
        process.stdin.close()
        return cls(process)

    async def kill(self) -> None:
        """Kill it, unless it has ended, and read what it had said."""
        if self.process.returncode is None:
            self.process.kill()
        await self.finish()

    async def until(self, word: str) -> str:
        """Read what it says up to a line that starts with a word.

        Raises:
            EOFError: it ended without saying so.
        """
        # At the end of its output a reader answers at once, and for ever: looking for the word in
        # that would hold the event loop, and with it whatever is to end the wait.
        while line := await self._line():
            if line.startswith(word):
                return line
        raise EOFError(f"it ended without {word!r}; its last words: {self.lines[-3:]}")

    async def finish(self) -> list[str]:
        """Read what it says up to its end."""
        while line := await self._line():
            assert line
        await self.process.wait()
        return self.lines

    def answered(self) -> set[str]:
        """Keys that were answered as carried out."""
        return set(self.answers())

    def answers(self) -> dict[str, set[str]]:
        """By key that was answered as carried out, the digests of the bytes it was answered."""
        found: dict[str, set[str]] = {}
        for line in self.lines:
            word, *rest = line.split()
            if word == "answered" and rest[1] in {"200", "201"}:
                found.setdefault(rest[0], set()).add(rest[2])
        return found

    async def _line(self) -> str:
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode().rstrip("\n")
        if line:
            self.lines.append(line)
        return line


@asynccontextmanager
async def posting(job: Job) -> AsyncIterator[Poster]:
    """Run a job in a process of its own, ended with the context."""
    poster = await Poster.start(job)
    try:
        yield poster
    finally:
        await poster.kill()
