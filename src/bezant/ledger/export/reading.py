"""Reading exports back: several ranges as one, every part held against its manifest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bezant.ledger.export.encodings import read_part
from bezant.ledger.export.errors import ExportUnusable
from bezant.ledger.export.manifest import NAME, BookTerms, Manifest, difference
from bezant.ledger.export.records import BatchRecord, Record


@dataclass(frozen=True, slots=True)
class Exports:
    """Exports of one book that together hold its history from the first number on.

    Attributes:
        book: the book.
        last_seq: the last number.
        root: the root of the book's log after it, in hex.
    """

    book: BookTerms
    last_seq: int
    root: str
    _ranges: Sequence[tuple[Path, Manifest]]

    @classmethod
    def open(cls, folders: Sequence[Path]) -> "Exports":
        """Look at the manifests.

        Args:
            folders: of the exports, in any order; or their manifests.

        Raises:
            ExportUnusable: they do not belong together, or do not hold the whole history.
        """
        ranges = sorted(map(_opened, folders), key=lambda each: each[1].first_seq)
        book, reached = ranges[0][1].book, 0
        for folder, manifest in ranges:
            if manifest.book != book:
                raise ExportUnusable(f"{folder} is of another book than {ranges[0][0]}.")
            if manifest.first_seq != reached + 1:
                raise ExportUnusable(
                    f"After seq {reached} comes {manifest.first_seq}, in {folder}."
                )
            reached = _check_parts(folder, manifest)
        last = ranges[-1][1]
        if last.root is None:
            raise ExportUnusable(f"{ranges[-1][0]} ends within a batch, so its root is not known.")
        return cls(book, reached, last.root, ranges)

    def records(self) -> Iterator[tuple[str, Record]]:
        """Every record, and which part it is in.

        Raises:
            ExportUnusable: a part cannot be read, or is not what was written. What differs within
                a part may be found by who uses the records before it is known that it does.
        """
        for folder, manifest in self._ranges:
            for part in manifest.parts:
                differs = difference(folder, part)
                count = 0
                if differs is None or folder.joinpath(part.name).is_file():
                    for record in read_part(folder.joinpath(part.name), manifest.encoding):
                        count += 1
                        if not _is_in(record, part.first_seq, part.last_seq):
                            raise ExportUnusable(
                                f"{part.name}, record {count}: not of seq {part.first_seq} to"
                                f" {part.last_seq}."
                            )
                        yield part.name, record
                if differs is not None:
                    raise ExportUnusable(
                        f"{differs}; it holds seq {part.first_seq} to {part.last_seq}."
                    )
                if count != part.records:
                    raise ExportUnusable(f"{part.name} has {count} records, not {part.records}.")


def _opened(path: Path) -> tuple[Path, Manifest]:
    folder = path.parent if path.name == NAME else path
    manifest = Manifest.read(folder)
    if manifest is None:
        raise ExportUnusable(f"{folder} holds no {NAME}.")
    if not manifest.is_complete:
        raise ExportUnusable(
            f"The export in {folder} was cut off at seq {manifest.reached_seq}: run it again first."
        )
    return folder, manifest


def _check_parts(folder: Path, manifest: Manifest) -> int:
    """The last number of a manifest, whose parts follow each other."""
    reached = manifest.first_seq - 1
    for part in manifest.parts:
        if part.first_seq != reached + 1:
            raise ExportUnusable(f"{folder}: {part.name} begins at {part.first_seq}.")
        reached = part.last_seq
    if reached != manifest.last_seq:
        raise ExportUnusable(f"{folder}: the parts end at seq {reached}, not {manifest.last_seq}.")
    return reached


def _is_in(record: Record, first_seq: int, last_seq: int) -> bool:
    seq = record.last_seq if isinstance(record, BatchRecord) else record.seq
    return first_seq <= seq <= last_seq
