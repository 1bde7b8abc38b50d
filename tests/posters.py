"""Starting posting processes, and following what they say."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from processes.poster import Job

SCRIPT = Path(__file__).parent / "processes" / "poster.py"


class Poster:
    """A posting process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def until(self, word: str) -> str:
        """Read what it says up to a line that starts with a word."""
        while line := await self._line():
            if line.startswith(word):
                return line
        raise AssertionError(f"it ended without saying {word!r}")

    async def finish(self) -> list[str]:
        """Read what it says up to its end."""
        while line := await self._line():
            assert line
        await self.process.wait()
        return self.lines

    def answered(self) -> set[str]:
        """Keys that were answered with 201."""
        words = [line.split() for line in self.lines]
        return {word[1] for word in words if word[0] == "answered" and word[2] == "201"}

    async def _line(self) -> str:
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode().rstrip("\n")
        if line:
            self.lines.append(line)
        return line


@asynccontextmanager
async def posting(job: Job) -> AsyncIterator[Poster]:
    """Run a job in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(job))
    process.stdin.close()
    try:
        yield Poster(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
