"""Python imports this by its name when it starts: here, in every process that a test run starts.

It waits for the driver to be imported, so that a process that needs none stays as it is.
"""

import gc
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


class _OnDriver(MetaPathFinder):
    """Starts to record once `asyncpg` has been imported."""

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        """The driver's own specification, with a loader that starts to record at its end."""
        if fullname != "asyncpg":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_record(module: ModuleType) -> None:
            load(module)
            _record()

        spec.loader.exec_module = load_and_record  # type: ignore[method-assign]
        return spec


def _record() -> None:
    # Imported late: what a process does not need should not be there.
    from contextlib import ExitStack  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from tools.sql_recorder import FOLDER_VARIABLE, recorded  # noqa: PLC0415

    recording = ExitStack()
    recording.enter_context(recorded(Path(os.environ[FOLDER_VARIABLE])))
    # Never left, and so kept: it holds until the process ends.
    sys.modules[__name__].__dict__["recording"] = recording


if "SQL_RECORD_FOLDER" in os.environ:
    sys.meta_path.insert(0, _OnDriver())
    # What is loaded is no garbage, and to look for some is an eighth of a process's start. Who
    # serves has thresholds of its own by then (bezant.kernel.collector).
    gc.set_threshold(50_000, 20, 100)
