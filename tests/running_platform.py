"""`bezant up` as a process, for tests that look at it from outside."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from templates import begin_from

COMMAND = (sys.executable, "-m", "bezant.cli")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("BEZANT_")}
START_WITHIN_S = 120.0
STOP_WITHIN_S = 30.0


@dataclass
class RunningPlatform:
    """A platform that serves.

    Attributes:
        serving: what it said when it began to.
        events: what it logged since, one mapping each, as far as it was read.
    """

    process: asyncio.subprocess.Process
    data_dir: Path
    serving: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    async def start(
        cls,
        data_dir: Path,
        *options: str,
        prefix: Sequence[str] = (),
        command: Sequence[str] = COMMAND,
    ) -> Self:
        process = await asyncio.create_subprocess_exec(
            *prefix, *command, "up", "--json", "--data-dir", str(data_dir),
            "--port", "0", "--mtls-port", "0", "--vault-port", "0", *options,
            env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            async with asyncio.timeout(START_WITHIN_S):
                line = await process.stdout.readline()
        except TimeoutError:
            process.kill()  # it would slow down those after it
            await process.communicate()
            raise
        if not line:
            raise AssertionError((await process.stderr.read()).decode())
        return cls(process, data_dir, json.loads(line))

    @property
    def url(self) -> str:
        url: str = self.serving["url"]
        return url

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def key(self) -> str:
        return (self.data_dir / "cli.key").read_text().strip()

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.serving["ca"])

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(
            base_url=self.url, verify=self.trust(), headers=headers, timeout=20
        ) as client:
            yield client

    async def event(self, name: str) -> dict[str, Any]:
        """Wait for the next event of a name."""
        assert self.process.stderr is not None
        async with asyncio.timeout(START_WITHIN_S):
            while line := await self.process.stderr.readline():
                self.events.append(json.loads(line))
                if self.events[-1]["event"] == name:
                    return self.events[-1]
        raise AssertionError(f"it ended without {name}: {self.events}")

    async def stop(self, request: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(request)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it ends; its exit status."""
        async with asyncio.timeout(STOP_WITHIN_S):
            _, errors = await self.process.communicate()
            self.events += [json.loads(line) for line in errors.splitlines()]
            return await self.process.wait()


@asynccontextmanager
async def running(
    data_dir: Path,
    *options: str,
    prefix: Sequence[str] = (),
    command: Sequence[str] = COMMAND,
) -> AsyncIterator[RunningPlatform]:
    """A platform that is ended when the test does not.

    A new data folder is a copy of one that a first start has made, which takes seconds; tests of a
    first start use `RunningPlatform.start`.
    """
    if not (prefix or "--database-url" in options):
        await furnish(data_dir)
    platform = await RunningPlatform.start(data_dir, *options, prefix=prefix, command=command)
    try:
        yield platform
    finally:
        if platform.process.returncode is None:
            await platform.stop()


async def furnish(data_dir: Path) -> None:
    """Make a data folder as a first start leaves it, unless it is there."""
    if not await asyncio.to_thread(data_dir.exists):
        await begin_from("platform", _start_first, data_dir)


async def _start_first(data_dir: Path) -> None:
    platform = await RunningPlatform.start(data_dir)
    assert await platform.stop() == 0


def children(pid: int) -> dict[int, list[str]]:
    """The command lines of a process's living children, by their ids."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field, the name, may hold anything but ends with the last parenthesis.
            state, parent = status.read_text().rpartition(") ")[2].split()[:2]
            words = (status.parent / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found[int(status.parent.name)] = [word.decode() for word in words]
    return found


def workers(pid: int) -> set[int]:
    """The worker processes of a platform's parent."""
    return {child for child, words in children(pid).items() if "bezant.server.worker" in words}


def vault(pid: int) -> int:
    """The vault's process of a platform's parent."""
    [found] = (child for child, words in children(pid).items() if "bezant.server.vault" in words)
    return found


async def ended(data_dir: Path, *options: str) -> list[dict[str, Any]]:
    """Run a platform that cannot start; what it said, the last of it why."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "up", "--json", "--data-dir", str(data_dir),
        "--port", "0", "--mtls-port", "0", "--vault-port", "0", *options,
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert (process.returncode, output) == (1, b"")
    return [json.loads(line) for line in errors.splitlines()]


def living(pids: Iterable[int]) -> set[int]:
    """Those of the processes that have not ended; one that nobody has waited for yet has."""

    def lives(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    return {pid for pid in pids if lives(pid)}


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 10) -> None:
    """Wait until something is so in another process, which raises no event here."""
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)
