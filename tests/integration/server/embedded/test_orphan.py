"""Who is stopped as a PostgreSQL of an earlier run, and who is left alone."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bezant.server.embedded import orphan


@contextmanager
def process(name: str, folder: Path, *, ignoring: str = "") -> Iterator[subprocess.Popen[str]]:
    """A process with the command line `NAME … FOLDER`, its number in the folder's pid file."""
    code = "import signal, sys\n"
    code += "".join(f"signal.signal(signal.{s}, signal.SIG_IGN)\n" for s in ignoring.split())
    code += "print('ready', flush=True); signal.pause()"
    with subprocess.Popen(
        [name, "-c", code, "-D", str(folder)],
        executable=sys.executable,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        (folder / "postmaster.pid").write_text(f"{running.pid}\n{folder}\n")
        try:
            yield running
        finally:
            running.kill()


async def test_it_is_asked_to_shut_down(tmp_path: Path) -> None:
    with process("/x/postgres", tmp_path) as running:
        assert await orphan.stop_orphan(tmp_path)
        assert running.wait() == -signal.SIGINT


async def test_it_is_made_to_when_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphan, "_REQUESTS", ((signal.SIGINT, 0.1), (signal.SIGQUIT, 10)))
    with process("/x/postgres", tmp_path, ignoring="SIGINT") as running:
        assert await orphan.stop_orphan(tmp_path)
        assert running.wait() == -signal.SIGQUIT


async def test_one_that_hangs_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphan, "_REQUESTS", ((signal.SIGINT, 0.1), (signal.SIGQUIT, 0.1)))
    with process("/x/postgres", tmp_path, ignoring="SIGINT SIGQUIT") as running:
        assert not await orphan.stop_orphan(tmp_path)
        assert running.poll() is None


@pytest.mark.parametrize(("name", "folder"), [("/x/python", "."), ("/x/postgres", "other")])
async def test_a_stranger_with_its_number_is_left_alone(
    tmp_path: Path, name: str, folder: str
) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    with process(name, tmp_path / folder) as running:
        pid_file = tmp_path / "postmaster.pid"
        pid_file.write_text(f"{running.pid}\n")
        assert await orphan.stop_orphan(tmp_path)
        assert running.poll() is None
        # PostgreSQL would take the stranger for a postmaster of its own.
        assert not pid_file.exists()


@pytest.mark.parametrize("content", ["", "garbage\n", "4194305\n"])
async def test_a_pid_file_without_a_process_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)
    assert await orphan.stop_orphan(tmp_path)
