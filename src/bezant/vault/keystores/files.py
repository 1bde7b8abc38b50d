"""Files that hold secrets: read only if they are closed to others, written durably, wiped."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bezant.vault.keystores.errors import KeyStoreUnusable

_BYTES_MAX: Final = 1 << 20


def wipe(*secrets: bytearray) -> None:
    """Overwrite secrets in memory. Copies that libraries and the interpreter made stay theirs."""
    for secret in secrets:
        secret[:] = bytes(len(secret))


def read_private(path: Path, what: str) -> bytearray:
    """The content of a file that nobody else may read.

    Args:
        path: the file.
        what: it is, for the message.

    Raises:
        KeyStoreUnusable: it is missing, no file, open to others, or too large.
    """
    with explained(path, what):
        # Not waiting, in case that it is a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            _check(path, what, status)
            content = bytearray(status.st_size)
            if os.readv(descriptor, [content]) != status.st_size:
                raise KeyStoreUnusable(f"The {what} {path} changes while it is read.", "Try again.")
            return content
        finally:
            os.close(descriptor)


def _check(path: Path, what: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyStoreUnusable(f"The {what} {path} is no file.", "Name a regular file.")
    if status.st_mode & 0o077 or status.st_uid not in {0, os.geteuid()}:
        raise KeyStoreUnusable(
            f"The {what} {path} is open to others than the vault's user.",
            f"Let that user own it, and close it (chmod 600 {path}). If others had a chance to"
            " read it, rotate what it holds.",
        )
    if status.st_size > _BYTES_MAX:
        raise KeyStoreUnusable(f"The {what} {path} is too large to be one.", "Name another file.")


def read_secret(path: Path, what: str) -> bytearray:
    """The secret of a file that nobody else may read, without the end of its line.

    Raises:
        KeyStoreUnusable: as `read_private`; or it is empty.
    """
    secret = read_private(path, what)
    while secret and secret[-1] in b"\r\n":
        secret.pop()
    if not secret:
        raise KeyStoreUnusable(f"The {what} {path} is empty.", "Write it anew, or name another.")
    return secret


def write_private(path: Path, content: bytes | bytearray, what: str, *, is_new: bool) -> None:
    """Write a file as a whole, durably and for our own user only.

    Args:
        path: in a folder that exists.
        content: all of it.
        what: it is, for the message.
        is_new: True refuses a path that is taken; False puts it in the place of what is there.

    Raises:
        KeyStoreUnusable: the path is taken, or the operating system does not let us.
    """
    with explained(path, what):
        temporary = path.with_name(path.name + ".new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - takes the descriptor
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        if is_new:
            # Unlike a rename, a link never takes the place of another file.
            try:
                path.hardlink_to(temporary)
            finally:
                temporary.unlink()
        else:
            temporary.rename(path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def explained(path: Path, what: str) -> Iterator[None]:
    """Turn the operating system's refusals into what an operator can act on."""
    try:
        yield
    except FileNotFoundError as error:
        raise KeyStoreUnusable(
            f"There is no {what} at {path}.", "Name the one there is, or bring it back."
        ) from error
    except FileExistsError as error:
        raise KeyStoreUnusable(
            f"There is a file at {path} already, and it stays.", "Name another path."
        ) from error
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        raise KeyStoreUnusable(
            f"The {what} {path} cannot be used: {reason}.",
            "Let the vault's user read and write it.",
        ) from error
