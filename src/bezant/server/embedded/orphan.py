"""A PostgreSQL that outlived the run which started it.

The kernel told it to shut down when its parent died, but it may still be at it, or hang. It is
signalled by a pidfd (pidfd_open(2)), since a number may pass on to another process at any moment.
"""

import asyncio
import os
import signal
from pathlib import Path

# A fast shutdown writes a checkpoint; an immediate one leaves the work to recovery.
_REQUESTS = ((signal.SIGINT, 6.0), (signal.SIGQUIT, 4.0))


async def stop_orphan(data: Path) -> bool:
    """Stop the PostgreSQL that runs on `data`, if one does.

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
            # After a restart of the machine or the container the number may be anybody's, which
            # PostgreSQL cannot tell from a postmaster, and would refuse to start.
            pid_file.unlink(missing_ok=True)
            return True
        return await _end(process)
    finally:
        os.close(process)


def _pid_in(pid_file: Path) -> int | None:
    try:
        first = pid_file.read_text(encoding="ascii", errors="replace").split("\n", 1)[0].strip()
    except FileNotFoundError:
        return None
    if first.isdecimal():
        return int(first)
    # Empty, after a crash between its creation and the write; PostgreSQL asks for its removal.
    pid_file.unlink(missing_ok=True)
    return None


def _runs_on(pid: int, data: Path) -> bool:
    """Whether it is a postmaster on this folder, by the command that we start one with."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return words[0].endswith(b"/postgres") and os.fsencode(data) in words


async def _end(process: int) -> bool:
    """Ask the process of a pidfd to end, then insist; whether it did."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    # A pidfd becomes readable when its process ends.
    loop.add_reader(process, ended.set)
    try:
        for request, within_s in _REQUESTS:
            try:
                signal.pidfd_send_signal(process, request)
                async with asyncio.timeout(within_s):
                    await ended.wait()
            except ProcessLookupError:
                return True
            except TimeoutError:
                continue
            return True
        return False
    finally:
        loop.remove_reader(process)
