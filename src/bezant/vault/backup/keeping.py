"""How long backups are kept.

Two rules, since the two clusters are kept for opposite reasons. Of `main`, every instant of the
last days must be restorable, so the base backup before that time stays. Of `keys`, nothing may stay
that was written before: an erased subject's key has to be gone from every copy.
"""

import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from bezant.vault.backup.errors import FolderTaken
from bezant.vault.backup.files import header_of
from bezant.vault.backup.segment_names import is_segment
from bezant.vault.backup.shelf import (
    ARCHIVIST,
    BACKUP,
    MANIFEST,
    Backup,
    Series,
    Shelf,
    base_name,
    log_name,
)


def prune(shelf: Shelf, now: datetime, keep: timedelta, *, is_strict: bool) -> int:
    """Remove what need not, or may not, be kept; the number of base backups and log files removed.

    Args:
        shelf: the backups of a cluster.
        now: the present.
        keep: how far back they reach.
        is_strict: nothing older may stay, even if no backup is left.

    Raises:
        BackupDamaged: a file does not say of when it is; it is for a person to look at.
    """
    before = now - keep
    every = shelf.series()
    for series in every:
        _sweep(series)
    if is_strict:
        return sum(_prune_all(series, before) for series in every)
    # A former series, whose platform was restored from it long ago, need not be kept at all.
    newest = max(every, key=_latest, default=None)
    removed = 0
    for series in every:
        is_former = series is not newest and not series.is_locked(ARCHIVIST)
        if is_former and _latest(series) < before:
            removed += len(series.backups()) + len(series.log_files())
            shutil.rmtree(series.folder)
        else:
            removed += _prune_unneeded(series, before)
    return removed


def _latest(series: Series) -> datetime:
    """The instant that its newest file is of."""
    instants = [backup.begun_at for backup in series.backups()]
    return max([series.log_to(), *instants])


def _sweep(series: Series) -> None:
    """Remove what a base backup left that was ended before it was whole."""
    with suppress(FolderTaken), series.lock(BACKUP):
        for folder in series.unfinished():
            shutil.rmtree(folder)


def _prune_all(series: Series, before: datetime) -> int:
    old = [backup for backup in series.backups() if backup.begun_at < before]
    files = [
        path
        for path in series.log_files()
        if header_of(series.folder, log_name(path.name)).as_of < before
    ]
    return _remove(old, files)


def _prune_unneeded(series: Series, before: datetime) -> int:
    older = [backup for backup in series.backups() if backup.begun_at < before]
    if not older:
        return 0
    # The newest of them leads to the first instant that is kept.
    needed = older.pop()
    files = [
        path
        for path in series.log_files()
        if is_segment(path.name[:24]) and path.name[:24] < needed.first_wal
    ]
    return _remove(older, files)


def _remove(backups: list[Backup], files: list[Path]) -> int:
    """The manifests first: what an end in the middle leaves of a backup is then none."""
    for backup in backups:
        folder = backup.series.folder / base_name(backup.id, "")
        (folder / MANIFEST).unlink()
        shutil.rmtree(folder)
    for path in files:
        path.unlink()
    return len(backups) + len(files)
