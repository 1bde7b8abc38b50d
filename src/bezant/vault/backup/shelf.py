"""Where the backups of one cluster are: a folder of series.

```
FOLDER/SERIES/base/BACKUP/cluster.tar    the cluster's folder
                          manifest       written last: without it there is no backup
              wal/SEGMENT                the write-ahead log, as it fills
              archivist.lock  backup.lock
```

A series is one uninterrupted history of a cluster. A restored database begins a new one: what it
writes is never mixed with what the former one had written after that point.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.vault.backup.errors import BackupDamaged, FolderTaken, NoBackup
from bezant.vault.backup.files import header_of, make_folder, read_sealed
from bezant.vault.backup.segment_names import is_segment
from bezant.vault.backup.stream import Header, Kind, Part
from bezant.vault.keystores import BoundKeys

_BASE: Final = "base"
_LOG: Final = "wal"

ARCHIVIST: Final = "archivist"
"""The lock that says that a cluster's log is archived into a series."""

BACKUP: Final = "backup"
"""The lock that says that a base backup is being made."""

DATA: Final = "cluster.tar"
MANIFEST: Final = "manifest"


class Manifest(Struct, frozen=True):
    """What a base backup is, sealed beside it.

    Attributes:
        id: the backup.
        cluster: whose: `main` or `keys`.
        series: which history of it.
        begun_at: when copying began.
        finished_at: the first instant that it can be restored to.
        postgres_version: of the program that wrote it.
        schema_contract: of the database; None without one.
        first_wal: the first segment of the log that it needs.
        last_wal: the last one that it needs to be consistent.
        parts: its files and those of the log in between.
    """

    id: UUID
    cluster: str
    series: UUID
    begun_at: datetime
    finished_at: datetime
    postgres_version: str
    schema_contract: int | None
    first_wal: str
    last_wal: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished base backup, as far as it can be seen without keys."""

    id: UUID
    series: "Series"
    begun_at: datetime
    first_wal: str

    async def manifest(self, keys: BoundKeys) -> Manifest:
        """All about it, verified.

        Raises:
            BackupKeyRefused: the key store does not open it.
            BackupDamaged: it is not as it was written.
        """
        name = base_name(self.id, MANIFEST)
        header, text = await read_sealed(keys, self.series.folder, name)
        self.series.check(header, "manifest", str(self.id))
        return msgspec.json.decode(text, type=Manifest)


@dataclass(frozen=True, slots=True)
class Series:
    """One history of a cluster."""

    id: UUID
    cluster: str
    folder: Path

    def backups(self) -> list[Backup]:
        """The finished ones, oldest first.

        Raises:
            BackupDamaged: a manifest cannot be read, or is another's.
        """
        found = []
        for folder in _entries(self.folder / _BASE):
            with suppress(NoBackup):
                header = header_of(self.folder, f"{_BASE}/{folder.name}/{MANIFEST}")
                self.check(header, "manifest", folder.name)
                assert header.first_wal is not None
                found.append(Backup(UUID(folder.name), self, header.as_of, header.first_wal))
        return sorted(found, key=lambda backup: backup.begun_at)

    def unfinished(self) -> list[Path]:
        """Base backups without a manifest: one is being made, or its making was ended."""
        return [
            folder for folder in _entries(self.folder / _BASE) if not (folder / MANIFEST).exists()
        ]

    def segments(self) -> list[str]:
        """The archived segments of the log, oldest first."""
        names = (entry.name for entry in _entries(self.folder / _LOG))
        return sorted(name for name in names if is_segment(name))

    def labels(self) -> list[str]:
        """The archived notes on base backups, oldest first."""
        return [path.name for path in self.log_files() if path.suffix == ".backup"]

    def log_to(self) -> datetime:
        """The last instant that its archived log holds; the first one there is, without any."""
        names = self.segments()
        if not names:
            return datetime.min.replace(tzinfo=UTC)
        return header_of(self.folder, log_name(names[-1])).as_of

    def log_files(self) -> list[Path]:
        """All of the log that is archived, with the notes beside its segments."""
        return [entry for entry in _entries(self.folder / _LOG) if entry.suffix != ".new"]

    def check(self, header: Header, kind: Kind, name: str) -> None:
        """Make sure that a sealed file is the one that its place says.

        Raises:
            BackupDamaged: it was put under another's name.
        """
        found = (header.kind, header.cluster, header.series, header.name)
        if found != (kind, self.cluster, self.id, name):
            raise BackupDamaged(
                f"What is kept as {kind} {name} of {self.cluster} is {header.kind} {header.name}"
                f" of {header.cluster}, series {header.series}."
            )

    @contextmanager
    def lock(self, work: str) -> Iterator[None]:
        """Be the only one who does this work; the lock ends with the process.

        Raises:
            FolderTaken: another process does it.
        """
        descriptor = self._lock_file(work)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderTaken(
                    f"Another process is at work in {self.folder} ({work})."
                ) from None
            yield
        finally:
            os.close(descriptor)

    def is_locked(self, work: str) -> bool:
        """Whether another process does this work."""
        try:
            with self.lock(work):
                return False
        except FolderTaken:
            return True

    def _lock_file(self, work: str) -> int:
        make_folder(self.folder)
        path = self.folder / f"{work}.lock"
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The backups of one cluster.

    Attributes:
        folder: theirs alone.
        cluster: `main` or `keys`.
    """

    folder: Path
    cluster: str

    def series(self) -> list[Series]:
        """All histories that are kept."""
        found = []
        for entry in _entries(self.folder):
            with suppress(ValueError):
                found.append(self.one(UUID(entry.name)))
        return found

    def one(self, series: UUID) -> Series:
        """A history, whether anything of it is kept or not."""
        return Series(series, self.cluster, self.folder / str(series))

    def root_versions(self) -> set[str]:
        """The versions of the root key that are still needed to open what is kept.

        Raises:
            BackupDamaged: a file cannot be read; then none may be destroyed.
        """
        return {
            header_of(series.folder, str(path.relative_to(series.folder))).wrapped.version
            for series in self.series()
            for path in (
                *series.log_files(),
                *(found for found in (series.folder / _BASE).glob("*/*") if found.suffix != ".new"),
            )
        }


def base_name(backup: UUID, file: str) -> str:
    """A base backup's file, relative to its series."""
    return f"{_BASE}/{backup}/{file}"


def log_name(file: str) -> str:
    """A file of the log, relative to its series."""
    return f"{_LOG}/{file}"


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
