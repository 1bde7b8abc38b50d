"""Sealed files: written whole or not at all, each under a key of its own."""

import asyncio
import os
import secrets
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bezant.vault.backup.errors import BackupDamaged, BackupKeyRefused, NoBackup
from bezant.vault.backup.stream import Header, Part, Sealing, Unsealing
from bezant.vault.keystores import BoundKeys, KeyRefused, Wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

_KEY_BYTES: Final = 32
_CONTEXT: Final = b"bezant backup "
_COPY_BYTES: Final = 1 << 20


async def new_key(keys: BoundKeys, stream: "UUID") -> tuple[bytes, Wrapped]:
    """A key for one stream, and what opens it again."""
    key = secrets.token_bytes(_KEY_BYTES)
    return key, await keys.wrap(key, _CONTEXT + stream.bytes)


async def key_of(keys: BoundKeys, header: Header, name: str) -> bytes:
    """The key of a stream.

    Raises:
        BackupKeyRefused: the key store does not open it.
    """
    try:
        return await keys.unwrap(header.wrapped, _CONTEXT + header.id.bytes)
    except KeyRefused as error:
        raise BackupKeyRefused(
            f"The key store does not open {name}: it was sealed under another root key, or under a"
            " version that was destroyed, or its header was altered."
        ) from error


def write_sealed(
    folder: Path, name: str, header: Header, key: bytes, content: Iterable[bytes]
) -> Part:
    """Seal content into a file: after a crash it is there as a whole or not at all."""
    path = folder / name
    make_folder(path.parent)
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - takes the descriptor
            sealing = Sealing(file, header, key)
            for piece in content:
                sealing.write(piece)
            part = sealing.close(name)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    temporary.rename(path)
    sync_folder(path.parent)
    return part


@contextmanager
def opened(folder: Path, name: str) -> "Iterator[Unsealing]":
    """A sealed file.

    Raises:
        NoBackup: it is not there.
        BackupDamaged: it cannot be read, or is none.
    """
    try:
        file = (folder / name).open("rb")
    except FileNotFoundError:
        raise NoBackup(f"{folder / name} is not there.") from None
    with file:
        yield Unsealing(file, name)


def header_of(folder: Path, name: str) -> Header:
    """What a sealed file says of itself, not verified.

    Raises:
        BackupDamaged: it is none.
    """
    with opened(folder, name) as unsealing:
        return unsealing.header


async def read_sealed(keys: BoundKeys, folder: Path, name: str) -> tuple[Header, bytes]:
    """A small one as a whole, verified.

    Raises:
        NoBackup: it is not there.
        BackupKeyRefused: the key store does not open it.
        BackupDamaged: it is not as it was written.
    """
    with opened(folder, name) as unsealing:
        key = await key_of(keys, unsealing.header, name)
        return unsealing.header, b"".join(unsealing.pieces(key))


def checked(unsealing: Unsealing, key: bytes, expected: Part) -> "Iterator[bytes]":
    """The content of a part; the iteration ends well only if the part is what a manifest says.

    Raises:
        BackupDamaged: it is not.
    """
    yield from unsealing.pieces(key)
    if unsealing.part(expected.name) != expected:
        raise BackupDamaged(f"{expected.name} is not the file that the backup's manifest names.")


async def part_of(keys: BoundKeys, folder: Path, name: str) -> tuple[Header, Part]:
    """A file's marks, all of it verified.

    Raises:
        NoBackup: it is not there.
        BackupKeyRefused: the key store does not open it.
        BackupDamaged: it is not as it was written.
    """
    with opened(folder, name) as unsealing:
        key = await key_of(keys, unsealing.header, name)
        await asyncio.to_thread(_read_through, unsealing.pieces(key))
        return unsealing.header, unsealing.part(name)


def _read_through(pieces: "Iterator[bytes]") -> None:
    for _ in pieces:
        pass


def pieces_of(path: Path) -> "Iterator[bytes]":
    """A file's content; links are not followed, since who writes there may be somebody else."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - takes the descriptor
        while piece := file.read(_COPY_BYTES):
            yield piece


def make_folder(folder: Path) -> None:
    """Make a folder for its owner only, and those above it that are not there."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)
            sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable: it is an entry of the folder, not of the file."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
