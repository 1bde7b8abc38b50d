"""Which backup leads to an instant, and whether all that it takes is there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bezant.vault.backup import (
    Backup,
    InstantNotCovered,
    LogMissing,
    Manifest,
    NoBackup,
    Series,
    Shelf,
    header_of,
    log_name,
    segments_between,
)
from bezant.vault.keystores import BoundKeys

_WRITTEN_WITHIN: Final = timedelta(seconds=10)
"""A commit takes its instant a moment before it is written into the log."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a restore reads.

    Attributes:
        series: where it is.
        manifest: of the base backup.
        log: the segments to replay, oldest first: no gap is in them.
        until: the last instant whose commits are wanted; None for all.
    """

    series: Series
    manifest: Manifest
    log: list[str]
    until: datetime | None


async def choose(
    shelf: Shelf,
    keys: BoundKeys,
    *,
    own: UUID | None,
    backup: UUID | None,
    until: datetime | None,
) -> Chosen:
    """The newest base backup that an instant can be reached from, or the one that is named.

    Args:
        shelf: the backups of a cluster.
        keys: what opens them.
        own: the series of the database that is there now, if there is one.
        backup: the base backup to take; None takes the newest that fits.
        until: the instant; None is the newest there is.

    Raises:
        NoBackup: none, or several platforms' and none is named.
        InstantNotCovered: it is before the first backup, or after the end of the log.
        LogMissing: a segment is not there.
        BackupKeyRefused: the key store does not open them.
        BackupDamaged: a file is not as it was written.
    """
    candidates = _candidates(shelf, own, backup)
    manifests = [await candidate.manifest(keys) for candidate in candidates]
    fitting = [each for each in manifests if until is None or each.finished_at <= until]
    if not fitting:
        first = min(each.finished_at for each in manifests)
        raise InstantNotCovered(
            f"No backup reaches back to {_shown(until)}: the first instant is {_shown(first)}."
        )
    manifest = fitting[-1]
    series = shelf.one(manifest.series)
    log = _log(series, manifest, until)
    _check_covered(series, manifest, log, until)
    return Chosen(series, manifest, log, until)


def _candidates(shelf: Shelf, own: UUID | None, backup: UUID | None) -> list[Backup]:
    """Base backups, oldest first, at least one."""
    found = {series.id: backups for series in shelf.series() if (backups := series.backups())}
    if backup is not None:
        named = [each for backups in found.values() for each in backups if each.id == backup]
        if not named:
            raise NoBackup(f"{shelf.folder} holds no backup {backup}.")
        return named
    if own in found:
        return found[own]
    if len(found) > 1:
        raise NoBackup(
            f"{shelf.folder} holds backups of {len(found)} databases, none of them the one that is"
            " here now. Name a backup: `bezant backup list` shows them."
        )
    if not found:
        raise NoBackup(f"{shelf.folder} holds no backup of the cluster {shelf.cluster}.")
    return next(iter(found.values()))


def _log(series: Series, manifest: Manifest, until: datetime | None) -> list[str]:
    """The segments to replay: from a backup's begin to the instant, or the end of the archive."""
    timeline = manifest.first_wal[:8]
    there = []
    for name in series.segments():
        if name.startswith(timeline) and name >= manifest.first_wal:
            there.append(name)
            as_of = header_of(series.folder, log_name(name)).as_of
            is_past = until is not None and as_of > until + _WRITTEN_WITHIN
            if is_past and name >= manifest.last_wal:
                break
    log = list(segments_between(manifest.first_wal, max([manifest.last_wal, *there])))
    if missing := sorted(set(log) - set(there)):
        raise LogMissing(
            f"{len(missing)} segments of the log are not in {series.folder / log_name('')}, the"
            f" first {missing[0]}. Only instants before it can be restored, by --to."
        )
    return log


def _check_covered(
    series: Series, manifest: Manifest, log: list[str], until: datetime | None
) -> None:
    reached = max(manifest.finished_at, header_of(series.folder, log_name(log[-1])).as_of)
    if until is not None and reached < until:
        raise InstantNotCovered(
            f"The archived log ends at {_shown(reached)}, before {_shown(until)}."
        )


def _shown(instant: datetime | None) -> str:
    assert instant is not None
    return instant.isoformat(sep=" ", timespec="seconds")
