"""The platform's PostgreSQL clusters, as backups see them: a folder each, and how to reach it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from bezant.kernel.ids import Ids
from bezant.kernel.settings import Settings
from bezant.server.embedded import DATABASE, PORT, SUPERUSER, DataFolder
from bezant.server.errors import BackupsUnset
from bezant.vault.backup import Shelf

_SERIES: Final = "bezant_series"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One of them.

    Attributes:
        name: `main` or `keys`.
        folder: its data, in the data folder.
        port: names its socket.
        database: its database.
        passwords: the file of its roles' passwords, in the data folder.
        is_strict: nothing of it may be kept longer than its days.
    """

    name: str
    folder: str
    port: int
    database: str
    passwords: str
    is_strict: bool

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

    def superuser_password(self, data_dir: Path) -> str:
        """For those who may read the data folder."""
        text = (data_dir / self.passwords).read_text(encoding="utf-8")
        return str(json.loads(text)[SUPERUSER])

    def kept(self, settings: Settings) -> timedelta:
        """How far back its backups reach."""
        if self.is_strict:
            return timedelta(days=settings.keep_key_backups_days)
        return timedelta(days=settings.keep_backups_days)


MAIN: Final = Cluster(
    "main", "postgres", PORT, DATABASE, "postgres-passwords.json", is_strict=False
)
KEYS: Final = Cluster("keys", "keys", 5433, "bezant_keys", "keys-passwords.json", is_strict=True)
CLUSTERS: Final = {cluster.name: cluster for cluster in (MAIN, KEYS)}


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
