"""Checkpoints and keys as files, for whoever verifies without the platform."""

from base64 import b64decode
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from bezant.ledger.checkpoints.folder import SUFFIX, notes_of
from bezant.ledger.checkpoints.schemas import CheckpointKeys
from bezant.ledger.proof import NOTE_BYTES_MAX, Checkpoint, NoteInvalid, open_note


class FilesUnusable(Exception):  # noqa: N818 - what the files are
    """They cannot be read, or are not what they should be. The text says which, and why."""


class CheckpointFiles:
    """Checkpoints that were kept: one file, a book's folder, or the folder of all books.

    Args:
        path: what the platform published, or the `note` of a checkpoint as a file.
        public_keys: those that may have signed.

    Raises:
        FilesUnusable: there is nothing of the kind.
    """

    def __init__(self, path: Path, public_keys: Sequence[bytes]) -> None:
        self._keys = public_keys
        self._single: Checkpoint | None = None
        self._folders: dict[UUID, Path] = {}
        if path.is_file():
            self._single = self._open(path, read_kept_note(path))
            return
        named = [path, *sorted(path.iterdir())] if path.is_dir() else []
        for folder in named:
            book_id = _book_of(folder)
            if book_id is not None and folder.is_dir():
                self._folders[book_id] = folder
        if not self._folders:
            raise FilesUnusable(f"{path} holds no checkpoints")

    def books(self) -> Collection[UUID]:
        """Those that there are checkpoints of."""
        return {self._single.book_id} if self._single is not None else self._folders.keys()

    def of(self, book_id: UUID) -> Sequence[Checkpoint]:
        """A book's, their signatures verified.

        Raises:
            FilesUnusable: one is not to be trusted.
        """
        if self._single is not None:
            return [self._single] if self._single.book_id == book_id else []
        folder = self._folders.get(book_id)
        if folder is None:
            return []
        found = []
        try:
            for number, note in notes_of(folder):
                found.append(self._open(folder / f"{number}{SUFFIX}", note))
                if (found[-1].book_id, found[-1].number) != (book_id, number):
                    raise FilesUnusable(f"{folder}: checkpoint {number} is another one")
        except OSError as error:
            raise FilesUnusable(f"{error.filename}: {error.strerror}") from error
        return found

    def _open(self, path: Path, note: str) -> Checkpoint:
        try:
            return open_note(note, self._keys)
        except NoteInvalid as error:
            raise FilesUnusable(f"{path} is not to be trusted: {error}") from error


def read_keys(path: Path) -> list[bytes]:
    """The public keys of a file that holds the answer of `GET /v1/checkpoint-keys`.

    Raises:
        FilesUnusable: it does not.
    """
    try:
        keys = msgspec.json.decode(read_text(path), type=CheckpointKeys)
        return [b64decode(each.public_key, validate=True) for each in keys.checkpoint_keys]
    except (msgspec.DecodeError, ValueError) as error:
        raise FilesUnusable(f"{path} holds no checkpoint keys: {error}") from error


def read_kept_note(path: Path) -> str:
    """A note that somebody saved. Editors and shells add a line's end, which is not part of it.

    Raises:
        FilesUnusable: as `read_text`.
    """
    return read_text(path).rstrip("\n") + "\n"


def read_text(path: Path) -> str:
    """A small file.

    Raises:
        FilesUnusable: it cannot be read, or is too large for what it should be.
    """
    try:
        if path.stat().st_size > 64 * NOTE_BYTES_MAX:
            raise FilesUnusable(f"{path} is too large")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FilesUnusable(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FilesUnusable(f"{path} is no text") from error


def _book_of(folder: Path) -> UUID | None:
    try:
        return UUID(folder.name)
    except ValueError:
        return None
