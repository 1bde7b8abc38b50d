"""Driving PostgreSQL to be backed up, archived and restored."""

from bezant.server.backup.after import after_restore
from bezant.server.backup.archivist import Archivist, archiving
from bezant.server.backup.choosing import Chosen, choose
from bezant.server.backup.clusters import CLUSTERS, KEYS, MAIN, Cluster, series_of
from bezant.server.backup.creating import BaseBackup
from bezant.server.backup.examining import check_parts, examine
from bezant.server.backup.keys import backup_keys
from bezant.server.backup.restoring import Restoration, Restored

__all__ = [
    "CLUSTERS",
    "KEYS",
    "MAIN",
    "Archivist",
    "BaseBackup",
    "Chosen",
    "Cluster",
    "Restoration",
    "Restored",
    "after_restore",
    "archiving",
    "backup_keys",
    "check_parts",
    "choose",
    "examine",
    "series_of",
]
