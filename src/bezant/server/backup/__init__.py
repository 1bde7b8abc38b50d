"""Driving PostgreSQL to be backed up, archived and restored."""

from bezant.server.backup.archivist import Archivist, Archivists, archiving
from bezant.server.backup.choosing import Chosen, choose
from bezant.server.backup.creating import BaseBackup
from bezant.server.backup.examining import check_parts, examine
from bezant.server.backup.keys import backup_keys
from bezant.server.backup.restoring import Restoration, Restored
from bezant.server.backup.sources import KEYS, MAIN, SOURCES, Source, series_of

__all__ = [
    "KEYS",
    "MAIN",
    "SOURCES",
    "Archivist",
    "Archivists",
    "BaseBackup",
    "Chosen",
    "Restoration",
    "Restored",
    "Source",
    "archiving",
    "backup_keys",
    "check_parts",
    "choose",
    "examine",
    "series_of",
]
