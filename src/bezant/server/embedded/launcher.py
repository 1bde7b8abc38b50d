"""Turn a fresh process into a server: drop to its user, tie its life to ours, and execute it.

Run as `python -I -S launcher.py PARENT UID GID SIGNAL FOLDER PROGRAM ARGUMENT…`. A script, because
code between fork and exec may deadlock in a threaded parent, and because uvloop cannot set users.
It imports nothing of the package, since every server's start waits for it.
"""

import ctypes
import os
import signal
import sys

# linux/prctl.h
_PR_SET_PDEATHSIG = 1

# What a shell answers for a program that cannot be executed.
_CANNOT_EXECUTE = 126


def main(
    parent_pid: int, uid: int, gid: int, death_signal: int, folder: str, command: list[str]
) -> None:
    """Become `command`, as this user, in `folder`; get `death_signal` when the parent dies."""
    # A session of its own: Ctrl-C in a terminal goes to its whole foreground group, and PostgreSQL
    # would shut down before the platform has drained the requests that need it.
    os.setsid()
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    os.chdir(folder)
    # The interpreter ignores SIGPIPE, and what is ignored stays so across exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # After setuid, which clears it (prctl(2), PR_SET_PDEATHSIG).
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(death_signal)) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # The parent may have died before the line above, and then nobody will tell.
    if os.getppid() != parent_pid:
        raise SystemExit(_CANNOT_EXECUTE)
    # Nothing of the platform's environment, which may hold secrets. C: messages are searched for
    # known causes.
    environment = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
    os.execve(command[0], command, environment)  # noqa: S606 - this is its task; no shell is wanted


if __name__ == "__main__":
    _parent, _uid, _gid, _signal, _folder, *_command = sys.argv[1:]
    try:
        main(int(_parent), int(_uid), int(_gid), int(_signal), _folder, _command)
    except OSError as error:
        sys.exit(f"cannot run {_command[0]}: {error}")
