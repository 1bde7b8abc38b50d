"""What keeps the servers from starting is said in one sentence, with a remedy in another."""

import errno
import os
import pwd
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import asyncpg
import pytest

from bezant.server.embedded import (
    DataFolder,
    EmbeddedServers,
    StartupError,
    postgres,
    valkey,
)
from bezant.server.embedded.account import Account
from bezant.server.embedded.errors import server_failure
from bezant.server.embedded.sockets import socket_folder
from fixtures_servers import SeparateRun

IS_ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")


@contextmanager
def refused(code: str, *naming: object) -> Iterator[None]:
    """Expect a refusal whose problem names these, and which has a remedy."""
    with pytest.raises(StartupError) as caught:
        yield
    assert caught.value.code == code
    assert all(str(name) in caught.value.problem for name in naming), caught.value.problem
    assert re.match(r"[A-Z].*\.$", caught.value.remedy, re.DOTALL), caught.value.remedy


@contextmanager
def normal_user() -> Iterator[None]:
    """Act as a user without privileges; root's own are put aside."""
    if not IS_ROOT:
        yield
        return
    os.setegid(NOBODY.pw_gid)
    os.seteuid(NOBODY.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


async def start(data: Path) -> None:
    with DataFolder(data) as held:
        async with EmbeddedServers(held, lambda _: None):
            pass


def test_a_second_run_on_one_folder(used_data: Path) -> None:
    with SeparateRun(used_data) as first:
        pid = first.ready().pid
        with SeparateRun(used_data) as second:
            status, errors = second.outcome()
        assert first.end(signal.SIGINT)[0] == 0
    assert status == 1
    assert f"ALREADY_RUNNING: The data folder {used_data} is in use by process {pid}." in errors


def test_the_folder_is_free_again_once_it_is_left(data: Path) -> None:
    with DataFolder(data), refused("ALREADY_RUNNING", data, os.getpid()), DataFolder(data):
        pass
    with DataFolder(data):
        pass


def test_a_folder_that_cannot_be_made(folder: Path) -> None:
    (folder / "closed").mkdir(mode=0o555)
    with (
        normal_user(),
        refused("FOLDER_UNWRITABLE", folder / "closed/data"),
        DataFolder(folder / "closed/data"),
    ):
        pass


def test_a_folder_that_is_a_file(folder: Path) -> None:
    (folder / "file").touch()
    for path in (folder / "file", folder / "file/data"):
        with refused("FOLDER_UNWRITABLE", path), DataFolder(path):
            pass


def test_a_folder_of_somebody_else(data: Path) -> None:
    with DataFolder(data):
        pass
    if IS_ROOT:
        with normal_user(), refused("FOLDER_UNWRITABLE", data), DataFolder(data):
            pass
        os.chown(data, NOBODY.pw_uid, NOBODY.pw_gid)
        with refused("FOLDER_NOT_OURS", data, NOBODY.pw_uid), DataFolder(data):
            pass


def test_a_folder_that_holds_other_things_is_left_as_it_is(folder: Path) -> None:
    (folder / "thesis.tex").touch()
    mode = folder.stat().st_mode
    with refused("FOLDER_NOT_OURS", folder), DataFolder(folder):
        pass
    assert folder.stat().st_mode == mode
    assert [entry.name for entry in folder.iterdir()] == ["thesis.tex"]


@pytest.mark.skipif(not IS_ROOT, reason="only root gives the servers to another user")
def test_a_folder_that_the_servers_user_cannot_reach(folder: Path) -> None:
    (folder / "home").mkdir(mode=0o700)
    with (
        refused("FOLDER_UNREACHABLE", folder / "home", "nobody"),
        DataFolder(folder / "home/new/data"),
    ):
        pass
    assert list((folder / "home").iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "owner", "group", "may_enter"),
    [
        (0o700, 1, 1, False),
        (0o701, 1, 1, True),
        (0o100, 7, 1, True),
        (0o011, 7, 1, False),
        (0o010, 1, 8, True),
        (0o701, 1, 8, False),
    ],
)
@pytest.mark.skipif(not IS_ROOT, reason="gives folders away")
def test_who_may_enter_a_folder(
    folder: Path, mode: int, owner: int, group: int, *, may_enter: bool
) -> None:
    os.chown(folder, owner, group)
    folder.chmod(mode)
    closed = Account("x", uid=7, gid=8).first_closed(folder / "data")
    assert closed == (None if may_enter else folder)


@pytest.mark.skipif(not IS_ROOT, reason="only root gives the servers to another user")
def test_a_machine_without_an_unprivileged_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: str) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwnam", unknown)
    with refused("NO_UNPRIVILEGED_USER", "nobody, daemon, bin"):
        Account.for_servers()


async def test_a_database_of_another_major_version(data: Path) -> None:
    with DataFolder(data) as held:
        (held.servers_folder("postgres") / "PG_VERSION").write_text("17\n")
    with refused("DATABASE_VERSION_MISMATCH", data, "17", "18"):
        await start(data)


async def test_a_damaged_database_is_told_by_the_servers_own_words(used_data: Path) -> None:
    await start(used_data)
    control = used_data / "postgres/global/pg_control"
    control.rename(control.with_suffix(".lost"))
    with refused("SERVER_FAILED", "PostgreSQL ended with status", "global/pg_control"):
        await start(used_data)
    control.with_suffix(".lost").rename(control)


@pytest.mark.parametrize(
    ("module", "bound", "name"),
    [(postgres, "_SILENT_WITHIN_S", "PostgreSQL"), (valkey, "_READY_WITHIN_S", "Valkey")],
)
async def test_a_server_that_does_not_answer_in_time_and_none_is_left_behind(
    used_data: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, bound: str, name: str
) -> None:
    monkeypatch.setattr(module, bound, 0.0)
    with refused("SERVER_FAILED", f"{name} did not answer within 0 s"):
        await start(used_data)
    for server in ("postgres/postmaster.pid", "run/valkey.sock"):
        assert not (used_data / server).exists()


async def test_passwords_of_another_database_are_told_and_lost_ones_are_made_anew(
    used_data: Path,
) -> None:
    await start(used_data)
    passwords = used_data / "postgres-passwords.json"
    before = passwords.read_text()
    with DataFolder(used_data) as held:
        held.write(passwords, before.replace('": "', '": "x'), is_secret=True)
    with refused("SERVER_FAILED", "refuses the platform"):
        await start(used_data)
    passwords.unlink()
    with DataFolder(used_data) as held:
        async with EmbeddedServers(held, lambda _: None) as servers:
            await (await asyncpg.connect(servers.postgres.app_url)).close()
    assert passwords.read_text() != before


@pytest.mark.skipif(not IS_ROOT, reason="makes a folder of another user")
def test_a_folder_for_sockets_that_somebody_else_has_made(folder: Path) -> None:
    with DataFolder(folder / ("d" * 90)) as held:
        short = socket_folder(held)
        os.chown(short, 1, 1)
        with refused("FOLDER_UNWRITABLE", short):
            socket_folder(held)
        short.rmdir()


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 1 MB, which grows by `grow`."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", str(disk)]
    if not IS_ROOT or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("may not mount a file system here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def grow(disk: Path, megabytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={megabytes}m,mode=755", str(disk)], check=True)


def fill(disk: Path) -> None:
    space = os.statvfs(disk)
    with (disk / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize)


async def test_a_full_disk_at_any_step_and_what_a_start_needs_once_there_is_space(
    small_disk: Path,
) -> None:
    data = small_disk / "data"
    # No space for the copies of the programs; for these, but not for the database.
    for megabytes in (1, 40):
        grow(small_disk, megabytes)
        with refused("DISK_FULL", data):
            await start(data)
    grow(small_disk, 200)
    await start(data)
    fill(small_disk)
    with refused("DISK_FULL", data):
        await start(data)
    (small_disk / "filler").unlink()
    await start(data)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_or_quota_is_one_thing_wherever_it_is_met(data: Path, number: int) -> None:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    with DataFolder(data) as held, refused("DISK_FULL", data), held.explained():
        fail()
    said = f"FATAL:  could not write lock file: {os.strerror(number)}"
    assert server_failure("PostgreSQL", "ended", said, data).code == "DISK_FULL"
