"""What an export consists of, written anew after each of its parts."""

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

import msgspec

from bezant.ledger.export.errors import ExportUnusable
from bezant.ledger.schemas import Asset

FORMAT: Final = "bezant-export/1"
NAME: Final = "manifest.json"

Encoding = Literal["jsonl", "parquet"]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: the numbers that it holds, and what it has to be byte for byte."""

    name: str
    first_seq: int
    last_seq: int
    records: int
    bytes: int
    sha256: str


class BookTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The book itself."""

    id: UUID
    name: str
    time_zone: str
    assets: list[Asset]
    created_at: datetime


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An export, or as much of it as there is.

    Attributes:
        first_seq: its first number.
        last_seq: its last one, fixed when the export began.
        parts: in order, without gaps.
        counts: the records of each kind.
        is_complete: whether the last part is there.
        log_size: how many batches the book's log has up to the last number; None where that is
            within a batch.
        root: the log's root over them, in hex.
    """

    format: str
    encoding: Encoding
    book: BookTerms
    first_seq: int
    last_seq: int
    parts: list[Part] = []
    counts: Mapping[str, int] = {}
    is_complete: bool = False
    log_size: int | None = None
    root: str | None = None

    @property
    def reached_seq(self) -> int:
        """The last number that is there."""
        return self.parts[-1].last_seq if self.parts else self.first_seq - 1

    def write(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        text = msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
        partial = folder.joinpath(f"{NAME}.partial")
        partial.touch(mode=0o600)
        partial.write_bytes(text)
        settle(partial, folder.joinpath(NAME))

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """The manifest of a folder; None where there is none.

        Raises:
            ExportUnusable: it is not one of ours.
        """
        try:
            manifest = msgspec.json.decode(folder.joinpath(NAME).read_bytes(), type=cls)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise ExportUnusable(f"{folder.joinpath(NAME)}: {error}") from error
        if manifest.format != FORMAT:
            raise ExportUnusable(f"{folder.joinpath(NAME)} is of the format {manifest.format!r}.")
        for part in manifest.parts:
            if Path(part.name).name != part.name:
                raise ExportUnusable(f"{folder.joinpath(NAME)}: a part lies outside of the folder.")
        return manifest


def settle(partial: Path, path: Path) -> None:
    """Make a file durable, and then give it its name."""
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def difference(folder: Path, part: Part) -> str | None:
    """How a part's file differs from what was written; None where it does not."""
    path = folder.joinpath(part.name)
    if not path.is_file():
        return f"{part.name} is missing"
    size = path.stat().st_size
    if size != part.bytes:
        return f"{part.name} has {size} bytes; {part.bytes} were written"
    if digest(path) != part.sha256:
        return f"{part.name} is not what was written: its SHA-256 differs"
    return None
