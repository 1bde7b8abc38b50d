"""Turn a fresh process into a server: drop to its user, tie its life to ours, and execute it.

Run as a script by the supervisor, `python -I -S launcher.py PARENT UID GID SIGNAL FOLDER PROGRAM ARGUMENT…`. A script,
since code between fork and exec in a threaded parent may deadlock, and since uvloop cannot set users.
Imports nothing of the package: it starts before every server, so every import costs.
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
    """Become `command`, as `uid` and `gid`, in `folder`; receive `death_signal` when the parent dies."""
    # A session of its own: Ctrl-C in a terminal goes to its whole foreground group, and PostgreSQL would shut down
    # before the platform has drained the requests that need it.
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
    # Nothing of the platform's environment, which may hold secrets. C: messages are searched for known causes.
    os.execve(command[0], command, {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"})  # noqa: S606 - that is its task


if __name__ == "__main__":
    _parent, _uid, _gid, _signal, _folder, *_command = sys.argv[1:]
    try:
        main(int(_parent), int(_uid), int(_gid), int(_signal), _folder, _command)
    except OSError as error:
        sys.exit(f"cannot run {_command[0]}: {error}")
