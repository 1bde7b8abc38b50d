"""The data folder: one process at a time, closed to everybody else.

```
bezant.lock              held for the life of the process
postgres-passwords.json  0600
keys-passwords.json      0600
config/ keys-config/     written by us, readable by the servers
log/                     what the servers write, for us only
programs/                the servers' programs, under root only
postgres/ keys/ run/     the databases and the sockets; the servers' own
```

Under root the folder belongs to root and the servers' group may pass through it (0710) but list
nothing: a server that was taken over can change neither its configuration nor its program, nor read
the platform's keys.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from bezant.server.embedded.account import Account
from bezant.server.embedded.errors import (
    AlreadyRunning,
    DiskFull,
    FolderNotOurs,
    FolderUnreachable,
    FolderUnwritable,
)

_LOCK_NAME = "bezant.lock"

_BROUGHT = frozenset({"keystore", "vault"})
"""What an operator brings to a new machine: no backup of a database holds them."""


class DataFolder:
    """A folder that this process owns while the context is entered.

    Attributes:
        path: absolute, symbolic links resolved.
        account: the user that the servers run as.

    Raises:
        AlreadyRunning: on entering; another process has it.
        FolderUnwritable: on entering; it cannot be created or written.
        FolderUnreachable: on entering; the servers' user cannot get to it.
        FolderNotOurs: on entering; it exists and holds other things.
        NoAccount: root, and no user to run the servers as.
        DiskFull: no space for even the first files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.account = Account.for_servers()
        self._lock: int | None = None

    def __enter__(self) -> Self:
        with self.explained():
            self.path = self.path.resolve()
            self._check_reachable()
            self._create()
            try:
                self._acquire()
                # Only now, holding the lock, is it certain that nobody else is at work in here.
                self.open_to_servers(self.path, 0o710)
            except BaseException:
                self._release()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def shared_folder(self, name: str) -> Path:
        """A folder that we write and the servers read."""
        with self.explained():
            folder = self.path / name
            folder.mkdir(exist_ok=True)
            self.open_to_servers(folder, 0o750)
        return folder

    def private_folder(self, name: str) -> Path:
        """A folder for this process alone."""
        with self.explained():
            folder = self.path / name
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def servers_folder(self, name: str) -> Path:
        """A folder that belongs to the servers."""
        with self.explained():
            folder = self.path / name
            folder.mkdir(mode=0o700, exist_ok=True)
            if self.account.is_other:
                os.chown(folder, self.account.uid, self.account.gid, follow_symlinks=False)
        return folder

    def write(self, path: Path, content: str, *, is_secret: bool) -> None:
        """Write a file as a whole: after a crash there is the old content or the new, never a part.

        Args:
            path: inside this folder.
            content: the text.
            is_secret: False lets the servers read it.
        """
        with self.explained():
            temporary = path.with_name(path.name + ".new")
            temporary.unlink(missing_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - takes the descriptor
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            if not is_secret:
                self.open_to_servers(temporary, 0o640)
            temporary.rename(path)
            _sync_folder(path.parent)

    def replace(self, made: Path, final: Path) -> None:
        """Give a finished file or folder its name, durably."""
        with self.explained():
            made.rename(final)
            _sync_folder(final.parent)

    def remove(self, folder: Path) -> None:
        """Remove a folder that a killed run may have left."""
        with self.explained():
            if folder.exists():
                shutil.rmtree(folder)

    def open_to_servers(self, path: Path, mode: int) -> None:
        """Set a mode whose group bits mean the servers; closed to everybody else."""
        if self.account.is_other:
            os.chown(path, 0, self.account.gid)
            path.chmod(mode)
        else:
            path.chmod(mode & 0o700)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the operating system's refusals into errors that name this folder and a remedy."""
        try:
            yield
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(self.path) from error
            if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
                raise FolderUnwritable(
                    f"The data folder {self.path} cannot be used: {error.strerror} "
                    f"({error.filename}).",
                    "Make it a folder that you may write, or choose another one with --data-dir.",
                ) from error
            raise

    def _create(self) -> None:
        # Root's new parents stay open to passage, as the servers' user must get through; the folder
        # itself is closed.
        parents_mode = 0o755 if self.account.is_other else 0o700
        for parent in reversed(self.path.parents):
            if not parent.exists():
                parent.mkdir(mode=parents_mode)
                if self.account.is_other:
                    parent.chmod(parents_mode)  # whatever the umask is
        self.path.mkdir(mode=0o700, exist_ok=True)
        entries = {entry.name for entry in self.path.iterdir()}
        owner = self.path.stat().st_uid
        if entries and owner != os.geteuid():
            raise FolderNotOurs(
                f"The folder {self.path} belongs to the user with the id {owner}.",
                "Start the platform as that user, or choose another folder with --data-dir.",
            )
        if entries - _BROUGHT and _LOCK_NAME not in entries:
            raise FolderNotOurs(
                f"The folder {self.path} is not empty, and what it holds is not Bezant's.",
                "Choose a new or an empty folder with --data-dir.",
            )

    def _check_reachable(self) -> None:
        closed = self.account.first_closed(self.path) if self.account.is_other else None
        if closed is not None:
            raise FolderUnreachable(
                f"Started by root, the servers run as the user {self.account.name}, "
                f"who may not enter {closed}.",
                "Choose a folder that all users can reach, such as --data-dir /var/lib/bezant, "
                "or start the platform as a normal user.",
            )

    def _acquire(self) -> None:
        # Python's descriptors are not inherited by programs that it executes, so a server that
        # outlives us for a moment does not keep the lock.
        self._lock = os.open(self.path / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._lock, 32).decode("ascii", "replace").strip()
            raise AlreadyRunning(
                f"The data folder {self.path} is in use by process {holder or '(unknown)'}.",
                "Stop that process first, or choose another folder with --data-dir.",
            ) from None
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode("ascii"))

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _sync_folder(folder: Path) -> None:
    """Make a rename durable: it is an entry of the folder, not of the file."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
