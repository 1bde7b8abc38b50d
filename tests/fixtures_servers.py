"""The embedded servers as fixtures, started once per session, and a run of them in a process apart.

Loaded by `pytest_plugins = ["fixtures_servers"]` in the top `conftest.py`.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

import templates
from bezant.server.embedded import DataFolder, EmbeddedServers

_SOURCE = Path(__file__).parents[1] / "src"


def pytest_configure() -> None:
    """Have the processes that a run is spread over share what data folders begin from."""
    templates.folder()


@pytest.fixture(scope="session")
def session_data() -> Iterator[Path]:
    """The session's data folder, removed at its end."""
    with open_folder() as parent:
        yield parent / "data"


@pytest.fixture(scope="session")
async def embedded_servers(session_data: Path) -> AsyncIterator[EmbeddedServers]:
    """Both PostgreSQL and Valkey for the whole session."""
    with DataFolder(session_data) as data:
        async with EmbeddedServers(data, progress=lambda _: None) as servers:
            yield servers


@contextmanager
def open_folder() -> Iterator[Path]:
    """A new folder that the servers' user may pass through, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="bezant-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class SeparateRun:
    """`python -m bezant.server.embedded` on a data folder, in a process that may be killed.

    Attributes:
        owner_url: how its owner reaches PostgreSQL, once it is ready.
        keys_url: how the vault reaches the PostgreSQL of keys, once it is ready.
        valkey_url: how to reach Valkey, once it is ready.
    """

    def __init__(self, data: Path, prefix: Sequence[str] = ()) -> None:
        self.owner_url = self.keys_url = self.valkey_url = ""
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "bezant.server.embedded", "--data-dir", str(data)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_SOURCE), *sys.path])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._process:
            self._process.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ready(self) -> Self:
        """Wait until the servers answer."""
        urls = dict(line.split(": ", 1) for line in self._lines())
        assert len(urls) == 6, self._process.communicate()[1]
        self.owner_url, self.keys_url = urls["owner"], urls["keys"]
        self.valkey_url = urls["valkey"]
        return self

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield line.strip()
            if line.startswith("valkey: "):
                return

    def end(self, request: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Send a signal and wait; the exit status, and what it wrote to standard error."""
        self._process.send_signal(request)
        return self.outcome()

    def outcome(self) -> tuple[int, str]:
        """Wait for its end; the exit status, and what it wrote to standard error."""
        _, errors = self._process.communicate(timeout=60)
        return self._process.returncode, errors
