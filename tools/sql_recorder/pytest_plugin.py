"""A pytest plugin: record the statements of a whole run, and hand the record to its last test.

The test that asks for `executed_sql` runs after all others, and only when nothing was left out of
the run: a part of the suite sends a part of the statements.
"""

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


@pytest.fixture
def executed_sql() -> dict[str, bool]:
    """The statements that this run has sent until now, and whether each was carried out."""
    return read_records(Path(os.environ[FOLDER_VARIABLE]))


def pytest_configure(config: pytest.Config) -> None:
    """Record this process, and have every process record itself that it starts."""
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
