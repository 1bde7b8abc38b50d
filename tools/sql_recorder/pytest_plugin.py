"""A pytest plugin: record the statements of a whole run, and hand the record to its last test.

The test that asks for `executed_sql` runs after all others, and only when nothing was left out of
the run: a part of the suite sends a part of the statements.

The processes that pytest-xdist spreads a run over record themselves, as every process does that
the run starts. Each holds a lock as long as it lives, and the last test waits for the others'.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tools.sql_recorder import FOLDER_VARIABLE, read_records, recorded

_ROOT: Final = Path(__file__).parents[2]
_CHILDREN: Final = Path(__file__).parent / "children"
_OURS: Final = pytest.StashKey[Path]()


@pytest.fixture
def executed_sql(pytestconfig: pytest.Config) -> dict[str, bool]:
    """The statements that this run has sent until now, and whether each was carried out."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    # This process would have its own lock at once, and lose it.
    for theirs in set(folder.glob("*.lock")) - {pytestconfig.stash.get(_OURS, folder)}:
        with theirs.open("w") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
    return read_records(folder)


def pytest_configure(config: pytest.Config) -> None:
    """Record this process, and have every process record itself that it starts."""
    if hasattr(config, "workerinput"):  # pytest-xdist started this process, and shares out tests
        _hold_lock(config)
    else:
        _record(config)


def _hold_lock(config: pytest.Config) -> None:
    """Show that this process may yet send statements; the system knows even if it is killed."""
    ours = Path(os.environ[FOLDER_VARIABLE]) / f"{os.getpid()}.lock"
    file = ours.open("w")
    fcntl.lockf(file, fcntl.LOCK_EX)
    config.stash[_OURS] = ours
    config.add_cleanup(file.close)


def _record(config: pytest.Config) -> None:
    # Open to the unprivileged user that some tests run their processes as.
    folder = Path(tempfile.mkdtemp(prefix="bezant-sql-"))
    folder.chmod(0o777)
    recording = ExitStack()
    recording.callback(shutil.rmtree, folder, ignore_errors=True)
    recording.enter_context(recorded(folder))
    paths = [str(_CHILDREN), str(_ROOT), str(_ROOT / "src")]
    paths += filter(None, [os.environ.get("PYTHONPATH")])
    environment = pytest.MonkeyPatch()
    recording.callback(environment.undo)
    environment.setenv(FOLDER_VARIABLE, str(folder))
    environment.setenv("PYTHONPATH", os.pathsep.join(paths))
    config.add_cleanup(recording.close)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the test of the record last, or leave it out of a run that is not whole."""
    last = [item for item in items if "executed_sql" in getattr(item, "fixturenames", ())]
    others = [item for item in items if item not in last]
    is_whole = (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    )
    items[:] = [*others, *last] if is_whole else others
    if not is_whole:
        config.hook.pytest_deselected(items=last)
