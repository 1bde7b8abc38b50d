"""What is on the shelf, how long it stays, and which backup leads to an instant."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bezant.server.backup import Chosen, choose
from bezant.vault.backup import (
    ARCHIVIST,
    BackupDamaged,
    FolderTaken,
    InstantNotCovered,
    LogMissing,
    NoBackup,
    Shelf,
    base_name,
    log_name,
    prune,
    segments_between,
)
from bezant.vault.keystores import BoundKeys
from sealed import NOON, Filled, new_keys, segment

DAY = timedelta(days=1)


@pytest.fixture
def keys(tmp_path: Path) -> BoundKeys:
    return new_keys(tmp_path)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "backups", "main")


@pytest.fixture
async def filled(shelf: Shelf, keys: BoundKeys) -> Filled:
    """A base backup a day, each with a segment, and one at the end of each day, for five days."""
    filled = Filled(shelf, keys)
    for day in range(5):
        await filled.backup(2 * day + 1, NOON + day * DAY)
        await filled.log(2 * day + 2, NOON + day * DAY + DAY / 2)
    return filled


def begins(filled: Filled) -> list[datetime]:
    return [backup.begun_at for backup in filled.series.backups()]


async def test_every_instant_within_the_days_kept_stays_restorable(
    shelf: Shelf, filled: Filled, keys: BoundKeys
) -> None:
    now = NOON + 5 * DAY
    keep = 3 * DAY + DAY / 2
    assert prune(shelf, now, keep, is_strict=False) > 0
    # The one before the first instant that is kept stays.
    assert begins(filled) == [NOON + day * DAY for day in (1, 2, 3, 4)]
    assert filled.series.segments() == [segment(number) for number in range(3, 11)]
    chosen = await choose(shelf, keys, own=None, backup=None, until=now - keep)
    assert chosen.manifest.begun_at == NOON + DAY
    assert prune(shelf, now, keep, is_strict=False) == 0


def test_the_last_backup_of_the_data_stays_however_old(shelf: Shelf, filled: Filled) -> None:
    prune(shelf, NOON + 1000 * DAY, DAY, is_strict=False)
    assert begins(filled) == [NOON + 4 * DAY]
    assert filled.series.segments() == [segment(9), segment(10)]


async def test_a_former_series_goes_when_all_of_it_is_old(
    shelf: Shelf, filled: Filled, keys: BoundKeys
) -> None:
    newer = Filled(shelf, keys)
    await newer.backup(1, NOON + 40 * DAY)
    # Its last segment is of the middle of its fifth day.
    prune(shelf, NOON + 39 * DAY, 35 * DAY, is_strict=False)
    assert {series.id for series in shelf.series()} == {newer.series.id, filled.series.id}
    prune(shelf, NOON + 40 * DAY, 35 * DAY, is_strict=False)
    assert {series.id for series in shelf.series()} == {newer.series.id}


@pytest.mark.usefixtures("filled")
def test_a_series_that_has_just_begun_stays(shelf: Shelf) -> None:
    begun = shelf.one(uuid4())
    with begun.lock(ARCHIVIST):
        prune(shelf, NOON + 5 * DAY, 35 * DAY, is_strict=False)
        assert begun.is_locked(ARCHIVIST)
    # The control: left by a platform that ended before it archived anything.
    prune(shelf, NOON + 5 * DAY, 35 * DAY, is_strict=False)
    assert begun not in shelf.series()


def test_of_the_keys_nothing_older_stays(shelf: Shelf, filled: Filled) -> None:
    now = NOON + 37 * DAY
    prune(shelf, now, 35 * DAY, is_strict=True)
    assert begins(filled) == [NOON + day * DAY for day in (2, 3, 4)]
    # A segment is of its end: one of the day before is gone with its backup.
    assert filled.series.segments() == [segment(number) for number in range(5, 11)]
    prune(shelf, NOON + 1000 * DAY, 35 * DAY, is_strict=True)
    assert begins(filled) == []
    assert filled.series.segments() == []


@pytest.mark.parametrize("is_strict", [False, True])
def test_what_an_ended_backup_left_is_swept_unless_it_is_being_made(
    shelf: Shelf,
    filled: Filled,
    is_strict: bool,  # noqa: FBT001 - a parameter
) -> None:
    left = filled.series.folder / base_name(uuid4(), "cluster.tar.new")
    left.parent.mkdir()
    left.write_bytes(b"half")
    with filled.series.lock("backup"):
        prune(shelf, NOON, DAY, is_strict=is_strict)
        assert left.exists()
    prune(shelf, NOON, DAY, is_strict=is_strict)
    assert not left.parent.exists()
    assert len(begins(filled)) == 5


def test_one_process_at_a_time_works_on_a_series(filled: Filled) -> None:
    with filled.series.lock("backup"):
        assert filled.series.is_locked("backup")
        assert not filled.series.is_locked("archivist")
        with pytest.raises(FolderTaken), filled.series.lock("backup"):
            pass
    assert not filled.series.is_locked("backup")


def test_the_versions_of_the_root_that_are_needed_are_known_without_keys(
    shelf: Shelf, filled: Filled
) -> None:
    assert shelf.root_versions() == {"1"}
    assert Shelf(shelf.folder / "nowhere", "main").root_versions() == set()
    (filled.series.folder / log_name(segment(1))).write_bytes(b"")
    with pytest.raises(BackupDamaged):
        shelf.root_versions()


@pytest.mark.usefixtures("filled")
async def test_a_backup_of_another_cluster_is_refused(shelf: Shelf, keys: BoundKeys) -> None:
    with pytest.raises(BackupDamaged, match="of main"):
        await choose(Shelf(shelf.folder, "keys"), keys, own=None, backup=None, until=None)


async def test_a_manifest_under_another_backups_name_is_refused(
    shelf: Shelf, filled: Filled, keys: BoundKeys
) -> None:
    one, two, *_ = filled.series.backups()
    folder = filled.series.folder
    shutil.copy(folder / base_name(one.id, "manifest"), folder / base_name(two.id, "manifest"))
    with pytest.raises(BackupDamaged):
        await chosen_for(shelf, keys)


async def chosen_for(
    shelf: Shelf,
    keys: BoundKeys,
    until: datetime | None = None,
    own: UUID | None = None,
    backup: UUID | None = None,
) -> Chosen:
    return await choose(shelf, keys, own=own, backup=backup, until=until)


@pytest.mark.usefixtures("filled")
async def test_the_newest_backup_before_an_instant_leads_to_it(
    shelf: Shelf, keys: BoundKeys
) -> None:
    chosen = await chosen_for(shelf, keys, NOON + 2 * DAY + timedelta(hours=1))
    assert chosen.manifest.begun_at == NOON + 2 * DAY
    # Not the whole log: up to the segment that ends after the instant.
    assert chosen.log == [segment(5), segment(6)]
    chosen = await chosen_for(shelf, keys)
    assert chosen.manifest.begun_at == NOON + 4 * DAY
    assert chosen.log == [segment(9), segment(10)]


async def test_an_older_backup_can_be_named(shelf: Shelf, filled: Filled, keys: BoundKeys) -> None:
    oldest = filled.series.backups()[0]
    chosen = await chosen_for(shelf, keys, backup=oldest.id)
    assert chosen.log == [segment(number) for number in range(1, 11)]
    with pytest.raises(NoBackup):
        await chosen_for(shelf, keys, backup=uuid4())


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("until", [NOON - DAY, NOON + 5 * DAY])
async def test_an_instant_that_nothing_reaches_is_refused(
    shelf: Shelf, keys: BoundKeys, until: datetime
) -> None:
    with pytest.raises(InstantNotCovered):
        await chosen_for(shelf, keys, until)


async def test_a_gap_in_the_log_is_refused_but_for_instants_before_it(
    shelf: Shelf, filled: Filled, keys: BoundKeys
) -> None:
    oldest = filled.series.backups()[0].id
    (filled.series.folder / log_name(segment(6))).unlink()
    with pytest.raises(LogMissing, match=segment(6)):
        await chosen_for(shelf, keys, backup=oldest)
    chosen = await chosen_for(shelf, keys, NOON + DAY + DAY / 2, backup=oldest)
    assert chosen.log[-1] == segment(5)


async def test_a_folder_of_several_databases_needs_a_name(
    shelf: Shelf, filled: Filled, keys: BoundKeys
) -> None:
    other = Filled(shelf, keys)
    named = await other.backup(1, NOON + 9 * DAY)
    with pytest.raises(NoBackup, match="2 databases"):
        await chosen_for(shelf, keys)
    assert (await chosen_for(shelf, keys, own=filled.series.id)).series.id == filled.series.id
    assert (await chosen_for(shelf, keys, backup=named)).manifest.id == named


async def test_an_empty_folder_holds_no_backup(shelf: Shelf, keys: BoundKeys) -> None:
    with pytest.raises(NoBackup):
        await chosen_for(shelf, keys)


def test_segments_are_counted_as_postgresql_does() -> None:
    first, last = "0000000100000000000000FE", "000000010000000100000001"
    assert list(segments_between(first, last)) == [
        first,
        "0000000100000000000000FF",
        "000000010000000100000000",
        last,
    ]
