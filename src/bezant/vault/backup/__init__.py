"""Backups at rest: sealed streams, their manifests, and how long they are kept."""

from bezant.vault.backup.errors import (
    ArchiveDiffers,
    BackupDamaged,
    BackupError,
    BackupKeyRefused,
    FolderTaken,
    InstantNotCovered,
    LogMissing,
    NoBackup,
)
from bezant.vault.backup.files import (
    checked,
    header_of,
    key_of,
    new_key,
    opened,
    part_of,
    pieces_of,
    read_sealed,
    sync_folder,
    write_sealed,
)
from bezant.vault.backup.keeping import prune
from bezant.vault.backup.segment_names import (
    SEGMENT_BYTES,
    is_log_file,
    is_segment,
    segments_between,
)
from bezant.vault.backup.shelf import (
    DATA,
    MANIFEST,
    Backup,
    Manifest,
    Series,
    Shelf,
    base_name,
    log_name,
)
from bezant.vault.backup.stream import Header, Kind, Part

__all__ = [
    "DATA",
    "MANIFEST",
    "SEGMENT_BYTES",
    "ArchiveDiffers",
    "Backup",
    "BackupDamaged",
    "BackupError",
    "BackupKeyRefused",
    "FolderTaken",
    "Header",
    "InstantNotCovered",
    "Kind",
    "LogMissing",
    "Manifest",
    "NoBackup",
    "Part",
    "Series",
    "Shelf",
    "base_name",
    "checked",
    "header_of",
    "is_log_file",
    "is_segment",
    "key_of",
    "log_name",
    "new_key",
    "opened",
    "part_of",
    "pieces_of",
    "prune",
    "read_sealed",
    "segments_between",
    "sync_folder",
    "write_sealed",
]
