"""A folder of notes: each a file that is there whole or not at all, and is never written again.

```
<folder>/<book>/<number / 1000>/<number>.note
```
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

from bezant.ledger.checkpoints.errors import Forked, PlaceUnavailable
from bezant.ledger.checkpoints.places import Published

T = TypeVar("T")

SUFFIX: Final = ".note"

_PER_FOLDER: Final = 1_000
_DIGITS: Final = 12


class Folder:
    """Checkpoints as files.

    Args:
        path: made when the first is put. Its file system has to know hard links, by which a file
            gets its name without taking that of another.
    """

    name = "folder"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def last(self, _tenant_id: UUID, book_id: UUID) -> Published | None:
        """The one of a book with the greatest number; None where there is none."""
        return await self._do(lambda: _last(self._path.joinpath(str(book_id))))

    async def after(
        self, _tenant_id: UUID, book_id: UUID, number: int, limit: int
    ) -> Sequence[Published]:
        """A book's from the next number on, in order."""
        return await self._do(
            lambda: list(islice(notes_of(self._path.joinpath(str(book_id)), number), limit))
        )

    async def put(self, _tenant_id: UUID, book_id: UUID, notes: Sequence[Published]) -> None:
        """Add notes, durably; those that are there already stay."""
        await self._do(lambda: _put(self._path.joinpath(str(book_id)), notes))

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise PlaceUnavailable(self.name, f"{error.strerror} ({self._path})") from error


def notes_of(folder: Path, after: int = 0) -> Iterator[Published]:
    """A book's notes with greater numbers than `after`, in order.

    Raises:
        OSError: as it says.
    """
    for thousand in _numbers(folder, ""):
        if (thousand + 1) * _PER_FOLDER <= after:
            continue
        inner = folder / f"{thousand:0{_DIGITS}}"
        for number in _numbers(inner, SUFFIX):
            if number > after:
                yield _read(inner, number)


def _last(folder: Path) -> Published | None:
    for thousand in reversed(_numbers(folder, "")):
        inner = folder / f"{thousand:0{_DIGITS}}"
        numbers = _numbers(inner, SUFFIX)
        if numbers:
            return _read(inner, numbers[-1])
    return None


def _read(folder: Path, number: int) -> Published:
    # What is no text is no note, which its reader says.
    text = (folder / f"{number:0{_DIGITS}}{SUFFIX}").read_text(encoding="utf-8", errors="replace")
    return Published(number, text)


def _numbers(folder: Path, suffix: str) -> list[int]:
    """The numbers that the entries of a folder are named by, in order; others are passed over."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(suffix) for name in names if name.endswith(suffix))
    return sorted(int(stem) for stem in stems if len(stem) == _DIGITS and stem.isdecimal())


def _put(folder: Path, notes: Sequence[Published]) -> None:
    touched: set[Path] = set()
    for number, note in notes:
        inner = folder / f"{number // _PER_FOLDER:0{_DIGITS}}"
        if inner not in touched:
            _make(inner)
            touched.add(inner)
        _write(inner, number, note)
    for each in touched:
        _sync(each)


def _make(folder: Path) -> None:
    """A folder and those above it, durably."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync(folder.parent)


def _write(folder: Path, number: int, note: str) -> None:
    path = folder / f"{number:0{_DIGITS}}{SUFFIX}"
    partial = folder / f".{path.name}.{secrets.token_hex(8)}"
    try:
        with partial.open("x", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(partial)
        except FileExistsError:
            if _read(folder, number).note != note:
                raise Forked(f"{path} holds another checkpoint of this number") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
