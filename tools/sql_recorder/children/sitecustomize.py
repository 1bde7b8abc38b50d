"""Python imports this by its name when it starts: here, in every process that a test run starts."""

import os
from contextlib import ExitStack
from pathlib import Path

if folder := os.environ.get("SQL_RECORD_FOLDER"):
    from tools.sql_recorder import recorded

    # Never left: it holds until the process ends.
    recording = ExitStack()
    recording.enter_context(recorded(Path(folder)))
