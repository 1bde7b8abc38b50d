"""`bezant backup` and `bezant restore` on a platform: what they bring back, say and refuse."""

import errno
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest
import typer

from backed_up import BackedUp
from bezant.cli.copying import instant_of
from bezant.kernel.clock import SystemClock
from bezant.server.backup import (
    KEYS,
    MAIN,
    Restoration,
    Restored,
    check_parts,
    choose,
    examine,
)
from bezant.server.backup.sources import former_of, remove_former
from bezant.server.embedded import AlreadyRunning, DataFolder, DiskFull, PostgresAddress
from bezant.server.errors import NotArchiving, RestoreUnsound
from bezant.vault.backup import (
    BackupDamaged,
    BackupError,
    FolderTaken,
    LogMissing,
    NoBackup,
    base_name,
    log_name,
)
from fixtures_servers import open_folder
from integration.outside.till import Till, bezant, open_till

if TYPE_CHECKING:
    from bezant.ledger import BookReport

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Bank(BackedUp):
    """A platform that was backed up and stopped.

    Attributes:
        book: whose wallet is paid into.
        backup: its base backup, made when the wallet held 1.
        between: an instant at which it held 11; at the end it held 111.
        refusals: of a second base backup meanwhile, and of a restore over the running platform.
    """

    book: str
    backup: UUID
    between: datetime
    refusals: list[str]


@pytest.fixture(scope="module")
async def bank() -> AsyncIterator[Bank]:
    """A stopped platform with a base backup, and payments before, after and after that."""
    with open_folder() as parent:
        backed_up = BackedUp(parent)
        async with backed_up.running() as platform, platform.client() as client:
            till = await open_till(platform, client)
            assert (await till.pay(client, "one", 1)).status_code == 201
            manifest = await backed_up.made("backup", "create")
            await backed_up.base_backup(KEYS, backed_up.key_shelf).create()
            assert (await till.pay(client, "two", 10)).status_code == 201
            between = datetime.now(UTC)
            assert (await till.pay(client, "three", 100)).status_code == 201
            [series] = backed_up.shelf.series()
            with series.lock("backup"), pytest.raises(FolderTaken) as taken:
                await backed_up.base_backup(MAIN, backed_up.shelf).create()
            with pytest.raises(AlreadyRunning) as running, DataFolder(backed_up.data):
                pass
            refused = [taken.value.detail, running.value.problem]
            assert await platform.stop() == 0
        assert not any(event["level"] == "error" for event in platform.events)
        yield Bank(parent, till.book, UUID(manifest["id"]), between, refused)


@pytest.fixture
def copy(bank: Bank) -> Iterator[Bank]:
    """A copy of the backups, to be spoilt, and a data folder that holds a former database."""
    with open_folder() as parent:
        copy = replace(bank, parent=parent)
        copy.data.mkdir()
        shutil.copytree(bank.shelf.folder, copy.shelf.folder)
        shutil.copytree(bank.key_shelf.folder, copy.key_shelf.folder)
        shutil.copy(bank.parent / "root.key", parent)
        if (bank.data / "programs").exists():
            # Under root the servers run from a copy.
            subprocess.run(["cp", "-al", bank.data / "programs", copy.data], check=True)
        for brought in ("keystore", "vault"):
            shutil.copytree(bank.data / brought, copy.data / brought)
        (copy.data / "bezant.lock").touch()
        (copy.data / "postgres").mkdir()
        (copy.data / "postgres/former").touch()
        yield copy


def state_of(data: Path) -> dict[str, tuple[int, int]]:
    """Every file of a data folder's database, as far as it tells that it was not touched."""
    return {
        str(path.relative_to(data)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in (data / "postgres").rglob("*")
    }


async def moved(address: PostgresAddress) -> list[int]:
    """The amounts that a restored database's transfers moved."""
    owner = await asyncpg.connect(address.owner_url)
    try:
        rows = await owner.fetch("SELECT amount FROM transfer ORDER BY seq")
    finally:
        await owner.close()
    return [int(row["amount"]) for row in rows]


async def restoration_of(
    bank: Bank, data: DataFolder, instant: datetime | None = None
) -> Restoration:
    chosen = await choose(bank.shelf, bank.keys, own=None, backup=None, until=instant)
    return Restoration(
        data,
        MAIN,
        chosen,
        bank.keys,
        SystemClock(),
        step=lambda _: None,
        copied=lambda _done, _total: None,
    )


async def restore(bank: Bank, instant: datetime | None = None) -> tuple[list[int], Restored]:
    """Restore in this process; what the database held, and where it is."""
    found: list[int] = []

    async def examined(address: PostgresAddress) -> bool:
        found.extend(await moved(address))
        return True

    with DataFolder(bank.data) as data:
        return found, await (await restoration_of(bank, data, instant)).run(examined)


async def test_a_database_comes_back_as_it_was_at_an_instant(copy: Bank) -> None:
    answer = await copy.made("restore", "--to", copy.between.isoformat())
    assert answer["backup"] == str(copy.backup)
    [book] = answer["books"]
    assert (book["transfers"], book["findings"]) == (2, [])
    # What was there is kept; the newest instant is found as well, by a second restore.
    assert [path.name for path in copy.data.glob("postgres-*")].count("postgres-restoring") == 0
    found, restored = await restore(copy)
    assert (found, restored.folder) == ([1, 10, 100], copy.data / "postgres")
    assert len(list(copy.data.glob("postgres-before-*"))) == 2


async def test_a_lost_machine_comes_back_with_all_that_was_committed(copy: Bank) -> None:
    for entry in copy.data.iterdir():
        # The key store and the journal of erasures are in no backup: they are brought along.
        if entry.name not in {"keystore", "vault"}:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    ended = await copy.bezant("restore")
    assert ended.status == 0, ended.errors
    assert "books sound: 1 of 1" in ended.output
    assert f"from backup {copy.backup}" in ended.output
    await copy.made("restore", "--cluster", "keys")
    # Passwords are new ones: those of before were lost with the folder.
    async with copy.running() as platform, platform.client() as client:
        assert await Till(platform, copy.book).balance(client) == 111
        assert await platform.stop() == 0
    # It is a history of its own: it does not archive into that of the former one.
    assert len(copy.shelf.series()) == 2


async def test_every_instant_from_the_backups_end_to_the_logs_is_reached(copy: Bank) -> None:
    [backup] = await copy.listed()
    assert (await restore(copy, datetime.fromisoformat(backup["finished_at"])))[0] == [1]
    # No commit is later, so PostgreSQL alone would say that it does not get there.
    assert (await restore(copy, datetime.fromisoformat(backup["log_to"])))[0] == [1, 10, 100]


async def test_the_keys_come_back_from_backups_of_their_own(copy: Bank) -> None:
    answer = await copy.made("restore", "--cluster", "keys")
    assert answer["folder"] == str(copy.data / "keys")
    assert answer["books"] == []
    # Put among the others, they are not taken for them.
    shutil.rmtree(copy.shelf.folder)
    shutil.copytree(copy.key_shelf.folder, copy.shelf.folder)
    with pytest.raises(BackupDamaged, match="of keys"):
        await restore(copy)


def base_of(bank: Bank) -> Path:
    [series] = bank.shelf.series()
    return series.folder / base_name(bank.backup, "cluster.tar")


def log_of(bank: Bank, place: int) -> Path:
    [series] = bank.shelf.series()
    [backup] = series.backups()
    names = [name for name in series.segments() if name >= backup.first_wal]
    return series.folder / log_name(names[place])


def flip(path: Path, place: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 1
    path.write_bytes(data)


def cut(path: Path, length: float) -> None:
    os.truncate(path, int(path.stat().st_size * length))


SPOILT: dict[str, tuple[type[BackupError], Callable[[Bank], object]]] = {
    "base-altered": (BackupDamaged, lambda bank: flip(base_of(bank), 0.6)),
    "base-cut": (BackupDamaged, lambda bank: cut(base_of(bank), 0.5)),
    "base-cut-at-a-chunk": (BackupDamaged, lambda bank: cut_last_chunk(base_of(bank))),
    "base-missing": (NoBackup, lambda bank: base_of(bank).unlink()),
    "manifest-altered": (BackupDamaged, lambda bank: flip(base_of(bank).parent / "manifest", 0.9)),
    "manifest-missing": (NoBackup, lambda bank: (base_of(bank).parent / "manifest").unlink()),
    "log-altered": (BackupDamaged, lambda bank: flip(log_of(bank, -1), 0.9)),
    "log-cut": (BackupDamaged, lambda bank: cut(log_of(bank, -1), 0.9)),
    "log-emptied": (BackupDamaged, lambda bank: cut(log_of(bank, -1), 0)),
    "log-under-another-name": (
        BackupDamaged,
        lambda bank: shutil.copy(log_of(bank, 0), log_of(bank, -1)),
    ),
    "log-missing": (LogMissing, lambda bank: log_of(bank, 0).unlink()),
}


def cut_last_chunk(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        begin = 12 + int.from_bytes(file.read(12)[8:], "big")
    chunk = (1 << 20) + 16
    os.truncate(path, begin + (size - begin - 1) // chunk * chunk)


@pytest.mark.parametrize("what", SPOILT)
async def test_a_spoilt_backup_is_refused_and_nothing_is_touched(copy: Bank, what: str) -> None:
    error, spoil = SPOILT[what]
    spoil(copy)
    before = state_of(copy.data)
    with pytest.raises(error):
        await restore(copy)
    assert state_of(copy.data) == before
    assert not (copy.data / "postgres-restoring").exists()


async def test_a_wrong_key_is_refused_and_nothing_is_touched(copy: Bank) -> None:
    before = state_of(copy.data)
    (copy.parent / "root.key").write_bytes(os.urandom(32))
    refusal = (await copy.bezant("restore")).refusal
    assert "The key store does not open" in refusal
    assert state_of(copy.data) == before


async def test_a_check_finds_what_a_restore_would(copy: Bank) -> None:
    checked = await copy.made("backup", "check")
    assert (checked["id"], checked["segments"]) == (str(copy.backup), 2)
    for path in (log_of(copy, -1), log_of(copy, 0), base_of(copy)):
        content = path.read_bytes()
        flip(path, 0.5)
        chosen = await choose(copy.shelf, copy.keys, own=None, backup=None, until=None)
        with pytest.raises(BackupDamaged, match="was altered or cut off"):
            await check_parts(chosen, copy.keys, lambda _done, _total: None)
        path.write_bytes(content)


@pytest.mark.parametrize("when", ["before", "while"])
async def test_a_full_disk_is_told_and_nothing_is_touched(
    copy: Bank, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of(copy.data)
    if when == "before":
        usage = shutil.disk_usage(copy.data)._replace(free=1 << 20)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    else:
        written = Restoration._write

        def full(self: Restoration, path: Path, pieces: Iterator[bytes]) -> None:
            if path.parent.name == "pg_wal":
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            written(self, path, pieces)

        monkeypatch.setattr(Restoration, "_write", full)
    with pytest.raises(DiskFull):
        await restore(copy)
    assert state_of(copy.data) == before
    assert not (copy.data / "postgres-restoring").exists()


async def test_a_database_that_does_not_verify_is_not_put_in_place(copy: Bank) -> None:
    before = state_of(copy.data)
    found: list[BookReport] = []

    async def examined(address: PostgresAddress) -> bool:
        owner = await asyncpg.connect(address.owner_url)
        await owner.execute("UPDATE balance SET debits_posted = debits_posted + 1")
        await owner.close()
        found.extend(await examine(MAIN, address, lambda _: None))
        return all(report.is_sound for report in found)

    with DataFolder(copy.data) as data:
        restoration = await restoration_of(copy, data)
        with pytest.raises(RestoreUnsound, match="was not put in place"):
            await restoration.run(examined)
    assert [finding.kind for report in found for finding in report.findings]
    assert state_of(copy.data) == before


def test_a_running_platform_is_not_restored_over(bank: Bank) -> None:
    assert "is in use by process" in bank.refusals[1]


def test_one_base_backup_is_made_at_a_time(bank: Bank) -> None:
    assert "Another process is at work" in bank.refusals[0]


async def test_a_platform_that_does_not_archive_is_not_backed_up(bank: Bank) -> None:
    backup = bank.base_backup(MAIN, bank.shelf)
    with pytest.raises(NotArchiving):
        await backup.create()


async def test_without_a_folder_for_backups_the_reason_is_told(tmp_path: Path) -> None:
    ended = await bezant("backup", "list", "--data-dir", str(tmp_path / "data"))
    assert "Set BEZANT_BACKUP_FOLDER" in ended.refusal


@pytest.mark.parametrize("text", ["2026-11-28T12:00:00", "noon", ""])
def test_an_instant_has_a_time_zone(text: str) -> None:
    assert instant_of("2026-11-28T13:00:00+01:00") == datetime(2026, 11, 28, 12, tzinfo=UTC)
    with pytest.raises(typer.BadParameter, match="is no instant with a time zone"):
        instant_of(text)


def test_a_replaced_cluster_is_removed_when_its_time_is_over(tmp_path: Path) -> None:
    folder, noon = tmp_path / "keys", datetime(2026, 11, 28, 12, tzinfo=UTC)
    folder.mkdir()
    older, newer = former_of(folder, noon - timedelta(days=36)), former_of(folder, noon)
    older.mkdir()
    newer.mkdir()
    assert remove_former(folder, noon - timedelta(days=35)) == 1
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, newer.name}
