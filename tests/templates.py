"""Data folders that a run makes once and then copies: to make one anew takes seconds.

The processes of a run share them, whichever needs one first.
"""

import asyncio
import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

_FOLDER_VARIABLE: Final = "TEST_TEMPLATES_FOLDER"


def folder() -> Path:
    """Where the run keeps them: made by its first process, and removed when that one ends."""
    named = os.environ.get(_FOLDER_VARIABLE)
    if named is not None:
        return Path(named)
    made = Path(tempfile.mkdtemp(prefix="bezant-templates-", dir="/tmp"))
    made.chmod(0o755)  # root's platform has its database run as another user
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    os.environ[_FOLDER_VARIABLE] = str(made)
    return made


async def begin_from(name: str, make: Callable[[Path], Awaitable[None]], data: Path) -> None:
    """Make a data folder by copying the template of a name.

    Args:
        name: of the template.
        make: makes it, at a path where there is nothing, and leaves nothing running on it.
        data: the new folder.
    """
    template = folder() / name
    with template.with_suffix(".lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not template.exists():
            unfinished = template.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            await make(unfinished)
            unfinished.rename(template)
    # With its owners: root's platform has its database run as another user.
    command = ["cp", "-a", str(template), str(data)]
    await asyncio.to_thread(subprocess.run, command, check=True)
