"""Which mutants live now: a byte each of a file that tests write and workers look at."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Switch:
    """The side of the tests."""

    def __init__(self, path: Path, count: int) -> None:
        path.write_bytes(bytes(count))
        self.path = path

    def faults(self) -> int:
        """How many answers were faults of the server, so far."""
        noted = _faults(self.path)
        return noted.stat().st_size if noted.exists() else 0

    @contextmanager
    def on(self, index: int) -> Iterator[None]:
        """Have a mutant live, from the next request on."""
        self._set(index, b"\x01")
        try:
            yield
        finally:
            self._set(index, b"\x00")

    def _set(self, index: int, value: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(index)
            file.write(value)


class Lives:
    """The side of a worker: the file's pages in its memory."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._faults = _faults(path)
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def now(self) -> frozenset[int]:
        """Those that are on."""
        return frozenset(index for index, value in enumerate(self._bytes[:]) if value)

    def note_fault(self) -> None:
        """A mutant that breaks down is none that somebody could have made by mistake."""
        with self._faults.open("ab") as file:
            file.write(b"!")


def _faults(path: Path) -> Path:
    return path.with_suffix(".faults")
