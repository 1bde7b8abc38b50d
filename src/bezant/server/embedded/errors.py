"""What can keep the embedded servers from starting, each with its remedy."""

# ruff: noqa: N818 - the names say what happened; the base class says that it is an error

from pathlib import Path
from typing import ClassVar

# What PostgreSQL, Valkey and initdb print for ENOSPC and EDQUOT in the C locale, which they run
# under.
_DISK_FULL_MESSAGES = ("No space left on device", "Disk quota exceeded")


class StartupError(Exception):
    """The platform cannot start, for a reason that its operator can remove.

    Attributes:
        code: stable, upper snake case.
        problem: what is wrong, naming the folder or program; for a server, with its last words.
        remedy: one sentence: what to do about it.
    """

    code: ClassVar[str] = "STARTUP_FAILED"

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class AlreadyRunning(StartupError):
    """Another process holds the data folder."""

    code = "ALREADY_RUNNING"


class FolderUnwritable(StartupError):
    """The data folder cannot be created, entered or written by the user who starts the platform."""

    code = "FOLDER_UNWRITABLE"


class FolderUnreachable(StartupError):
    """Started by root, the servers run as another user, who cannot enter the data folder."""

    code = "FOLDER_UNREACHABLE"


class FolderNotOurs(StartupError):
    """The folder holds other things; its mode must not be changed, nor may files appear in it."""

    code = "FOLDER_NOT_OURS"


class NoAccount(StartupError):
    """Started by root, and the machine has no unprivileged user to run the servers as."""

    code = "NO_UNPRIVILEGED_USER"


class DiskFull(StartupError):
    """The file system of the data folder has no space left, or the quota is used up."""

    code = "DISK_FULL"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The disk that holds {folder} is full.",
            "Free some space there, or choose another folder with --data-dir, and start again.",
        )


class VersionMismatch(StartupError):
    """The data folder was written by another major version of PostgreSQL."""

    code = "DATABASE_VERSION_MISMATCH"


class ProgramMissing(StartupError):
    """A server's program is not installed for this kind of machine."""

    code = "PROGRAM_MISSING"


class ServerFailed(StartupError):
    """A server ended while it started, or did not answer in time."""

    code = "SERVER_FAILED"


def server_failure(name: str, what: str, output: str, folder: Path) -> StartupError:
    """The error for a server that did not start: a full disk if it said so, else its last lines.

    Args:
        name: of the server, such as `PostgreSQL`.
        what: happened, as a verb phrase, such as `ended with status 1`.
        output: the last lines that it wrote.
        folder: the data folder.
    """
    if any(message in output for message in _DISK_FULL_MESSAGES):
        return DiskFull(folder)
    said = output.strip().replace("\n", "\n  ") or "(nothing)"
    return ServerFailed(
        f"{name} {what}. It last wrote:\n  {said}\n",
        f"Remove the cause, and start again; all that it wrote is in {folder / 'log'}.",
    )


def still_running(folder: Path) -> ServerFailed:
    """The error for a PostgreSQL of an earlier run that does not end."""
    return ServerFailed(
        f"A PostgreSQL of an earlier run still works on {folder} and does not stop.",
        "End it, or restart the machine, and start again.",
    )
