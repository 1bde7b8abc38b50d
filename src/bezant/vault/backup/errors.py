"""What keeps a backup from being made, checked or restored."""

# ruff: noqa: N818 - named as refusals are


class BackupError(Exception):
    """Something that an operator can act on. What runs is untouched.

    Attributes:
        code: stable, upper snake case.
        detail: one or two sentences; no content of a backup.
    """

    code = "BACKUP"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NoBackup(BackupError):
    """There is none that fits."""

    code = "NO_BACKUP"


class BackupKeyRefused(BackupError):
    """The key store does not open it: another root, or a version that was destroyed."""

    code = "BACKUP_KEY_REFUSED"


class BackupDamaged(BackupError):
    """A file is shorter or other than it was written."""

    code = "BACKUP_DAMAGED"


class LogMissing(BackupError):
    """A segment of the write-ahead log that a restore needs is not in the archive."""

    code = "BACKUP_LOG_MISSING"


class InstantNotCovered(BackupError):
    """No backup reaches the instant that was asked for."""

    code = "INSTANT_NOT_COVERED"


class ArchiveDiffers(BackupError):
    """The archive holds another segment of that name: somebody else writes there."""

    code = "ARCHIVE_DIFFERS"


class FolderTaken(BackupError):
    """Another process works on the same series."""

    code = "BACKUP_FOLDER_TAKEN"
