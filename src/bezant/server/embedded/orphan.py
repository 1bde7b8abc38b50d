"""A PostgreSQL that outlived the run which started it.

The kernel has told it to shut down when its parent died, but it may still be at it, or hang. Signals go through a pidfd
(pidfd_open(2)): between looking and signalling, the number may have passed on to another process.
"""

import asyncio
import os
import signal
from pathlib import Path

# A fast shutdown writes a checkpoint; an immediate one does not, and leaves the work to recovery.
_FAST_WITHIN_S = 6.0
_IMMEDIATE_WITHIN_S = 4.0


async def stop_orphan(data: Path) -> bool:
    """Stop the PostgreSQL that runs on `data`, if one does, and forget a process number that is no longer its own.

    The caller holds the data folder's lock, so whoever runs on it is nobody's any more.

    Args:
        data: the database's folder.

    Returns:
        False when it still runs after ten seconds.
    """
    pid_file = data / "postmaster.pid"
    pid = _pid_in(pid_file)
    if pid is None:
        return True
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        if not _runs_on(pid, data):
            # After a restart of the machine or container the number may be anybody's. PostgreSQL cannot tell and would refuse.
            pid_file.unlink(missing_ok=True)
            return True
        for request, within_s in (
            (signal.SIGINT, _FAST_WITHIN_S),
            (signal.SIGQUIT, _IMMEDIATE_WITHIN_S),
        ):
            signal.pidfd_send_signal(process, request)
            if await _ended(process, within_s):
                return True
        return False
    except ProcessLookupError:
        return True
    finally:
        os.close(process)


def _pid_in(pid_file: Path) -> int | None:
    try:
        first = pid_file.read_text(encoding="ascii", errors="replace").split("\n", 1)[0]
    except FileNotFoundError:
        return None
    # Empty after a crash between creating and writing it; PostgreSQL then asks for its removal (CreateLockFile).
    if not first.strip().isdecimal():
        pid_file.unlink(missing_ok=True)
        return None
    return int(first)


def _runs_on(pid: int, data: Path) -> bool:
    """Whether the process is a postmaster that was given this folder, as we start it: `postgres -D FOLDER`."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return words[0].endswith(b"/postgres") and os.fsencode(data) in words


async def _ended(process: int, within_s: float) -> bool:
    """Wait until a pidfd becomes readable, which is when its process has ended."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(process, ended.set)
    try:
        async with asyncio.timeout(within_s):
            await ended.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(process)
    return True
