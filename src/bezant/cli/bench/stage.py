"""The platform that is measured: `bezant up`, as everybody runs it, on a folder of its own."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from bezant.server import endpoint
from bezant.server.embedded import StartupError

_START_WITHIN_S: Final = 120
_STOP_WITHIN_S: Final = 60
_WORDS_MAX: Final = 2_000


class PlatformNotStartedError(StartupError):
    """What is to be measured did not start."""

    code = "BENCH_PLATFORM_NOT_STARTED"


class Stage:
    """A folder with a platform's data, and the platform on it while `running`.

    Attributes:
        data: the platform's data folder.
        run_folder: for sockets of other processes' lanes.
        start_s: how long the last start took, from the command until it served.
    """

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.run_folder = folder / "run"
        self.run_folder.mkdir(mode=0o700)
        self.start_s = 0.0
        self._log = folder / "up.log"

    @asynccontextmanager
    async def running(self, *options: str) -> AsyncIterator[endpoint.Endpoint]:
        """Start the platform, and stop it in the end.

        Args:
            options: of `bezant up`, beside those that keep it apart from others.

        Raises:
            PlatformNotStartedError: it ended instead.
        """
        started = time.perf_counter()
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "bezant.cli",
                "up",
                "--json",
                "--data-dir",
                str(self.data),
                "--port",
                "0",
                "--mtls-port",
                "0",
                "--vault-port",
                "0",
                *options,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_environment(),
            )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                word = await process.stdout.readline()
            if not word:
                said = self._log.read_text(errors="replace")[-_WORDS_MAX:]
                raise PlatformNotStartedError("The platform did not start:", said)
            self.start_s = time.perf_counter() - started
            yield endpoint.read(self.data)
        finally:
            await _stop(process)

    @property
    def api_key(self) -> str:
        """A key that grants everything."""
        return endpoint.local_key(self.data)


@contextmanager
def open_stage() -> Iterator[Stage]:
    """A stage in the folder for temporary files, removed in the end."""
    folder = Path(tempfile.mkdtemp(prefix="bezant-bench-"))
    # The servers' user passes through, and lists nothing.
    folder.chmod(0o711)
    try:
        yield Stage(folder)
    finally:
        shutil.rmtree(folder)


def memory_mib(pid: int) -> float:
    """The memory of a process and all its descendants, MiB.

    Their proportional set sizes: pages that several share count once in all (proc(5),
    `smaps_rollup`).
    """
    return sum(_pss_kib(one) for one in processes(pid)) / 1024


def processes(pid: int) -> Iterator[int]:
    """A process and all its descendants."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in children.read_text().split():
                yield from processes(int(child))


def commands(pid: int) -> Iterator[tuple[int, list[str]]]:
    """A process and all its descendants with their command lines, but for what ended meanwhile."""
    for each in processes(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            line = Path(f"/proc/{each}/cmdline").read_text(errors="replace")
            yield each, line.rstrip("\0").split("\0")


def _pss_kib(pid: int) -> int:
    # One that ended meanwhile has none.
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """The defaults are measured, not what the caller's environment sets.

    But for the rate limit: all load comes with one key, and more of it than one may have.
    """
    others = {name: text for name, text in os.environ.items() if not name.startswith("BEZANT_")}
    return others | {"BEZANT_REQUESTS_PER_S_MAX": "100000", "BEZANT_REQUESTS_BURST_MAX": "100000"}
