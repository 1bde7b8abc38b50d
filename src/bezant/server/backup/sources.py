"""The platform's PostgreSQL clusters, as backups see them: a folder each, and how to reach it."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from bezant.kernel.ids import Ids
from bezant.kernel.settings import Settings
from bezant.server import embedded
from bezant.server.embedded import Cluster, DataFolder
from bezant.server.errors import BackupsUnset
from bezant.vault.backup import Shelf

_SERIES: Final = "bezant_series"
_STAMP: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up: one of the clusters.

    Attributes:
        name: `main` or `keys`.
        cluster: which.
        is_strict: nothing of it may be kept longer than its days.
    """

    name: str
    cluster: Cluster
    is_strict: bool

    @property
    def folder(self) -> str:
        """Of its data, in the data folder."""
        return self.cluster.folder

    def folder_of(self, settings: Settings) -> Path | None:
        """Where its backups are; None makes none."""
        return settings.key_backup_folder if self.is_strict else settings.backup_folder

    def shelf(self, settings: Settings) -> Shelf:
        """Its backups.

        Raises:
            BackupsUnset: the settings do not say where.
        """
        folder = self.folder_of(settings)
        if folder is None:
            setting = "key_backup_folder" if self.is_strict else "backup_folder"
            raise BackupsUnset(
                f"No folder is set for backups of the cluster {self.name}.",
                f"Set BEZANT_{setting.upper()} to one on another disk, and restart the platform.",
            )
        return Shelf(folder.expanduser().absolute(), self.name)

    def kept(self, settings: Settings) -> timedelta:
        """How far back its backups reach."""
        if self.is_strict:
            return timedelta(days=settings.keep_key_backups_days)
        return timedelta(days=settings.keep_backups_days)


MAIN: Final = Source("main", embedded.MAIN, is_strict=False)
KEYS: Final = Source("keys", embedded.KEYS, is_strict=True)
SOURCES: Final = {source.name: source for source in (MAIN, KEYS)}


def former_of(folder: Path, at: datetime) -> Path:
    """What a cluster's folder is called once a restored one took its place, at an instant."""
    return folder.with_name(f"{folder.name}-before-{at.astimezone(UTC):{_STAMP}}")


def remove_former(folder: Path, before: datetime) -> int:
    """Remove those that were replaced before an instant; how many."""
    removed = 0
    for path in folder.parent.glob(f"{folder.name}-before-*"):
        stamp = path.name.removeprefix(f"{folder.name}-before-")
        if datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC) < before:
            shutil.rmtree(path)
            removed += 1
    return removed


def series_of(folder: Path) -> UUID | None:
    """The series that a cluster's folder belongs to; None before anything was archived."""
    try:
        return UUID((folder / _SERIES).read_text(encoding="ascii").strip())
    except (FileNotFoundError, ValueError):
        return None


def begin_series(data: DataFolder, folder: Path, ids: Ids) -> UUID:
    """Begin one. It lies in the cluster's own folder, so that it comes and goes with that."""
    series = ids.new()
    data.write(folder / _SERIES, f"{series}\n", is_secret=False)
    return series


def end_series(folder: Path) -> None:
    """A restored cluster is a history of its own."""
    (folder / _SERIES).unlink(missing_ok=True)
