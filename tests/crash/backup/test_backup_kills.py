"""Killed while a log is archived, a base backup made, a database restored: nothing is lost."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from backed_up import BackedUp
from bezant.kernel.clock import SystemClock
from bezant.server.backup import MAIN, Restoration, choose
from bezant.server.embedded import DataFolder, PostgresAddress
from fixtures_servers import open_folder
from running_platform import ENVIRONMENT, until

pytestmark = pytest.mark.long

_TESTS = Path(__file__).parents[2]
_PROCESS = _TESTS / "processes/archived_postgres.py"
_READY_WITHIN_S = 60.0


@asynccontextmanager
async def archived(
    backed_up: BackedUp,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, "asyncpg.Connection[asyncpg.Record]"]]:
    """PostgreSQL with an archivist in a process, and its owner's connection."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_PROCESS), str(backed_up.parent),
        env=ENVIRONMENT | {"PYTHONPATH": str(_TESTS)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_READY_WITHIN_S):
            url = (await process.stdout.readline()).decode().strip()
        owner = await asyncpg.connect(url)
        await owner.execute("CREATE TABLE IF NOT EXISTS kept (number bigint PRIMARY KEY)")
        yield process, owner
        if not owner.is_closed():
            await owner.close()
            process.terminate()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def backed_up() -> AsyncIterator[BackedUp]:
    with open_folder() as parent:
        yield BackedUp(parent)


async def commit(
    backed_up: BackedUp, owner: "asyncpg.Connection[asyncpg.Record]", first: int
) -> list[int]:
    """Commit rows and close segments of the log until the server is gone; what was acknowledged."""
    acknowledged: list[int] = []
    try:
        async with backed_up.superuser() as superuser:
            while True:
                number = first + len(acknowledged)
                await owner.execute("INSERT INTO kept (number) VALUES ($1)", number)
                acknowledged.append(number)
                await superuser.execute("SELECT pg_switch_wal()")
    except (asyncpg.PostgresError, OSError):
        return acknowledged
    except asyncpg.InterfaceError:
        # The driver may have seen the end of the connection before it was asked to use it.
        if not (superuser.is_closed() or owner.is_closed()):
            raise
        return acknowledged


async def kept(address: PostgresAddress) -> list[int]:
    owner = await asyncpg.connect(address.owner_url)
    try:
        return [row["number"] for row in await owner.fetch("SELECT number FROM kept")]
    finally:
        await owner.close()


async def restored(backed_up: BackedUp) -> list[int]:
    """Restore the newest instant, in this process; what is kept."""
    found: list[int] = []

    async def examined(address: PostgresAddress) -> bool:
        found.extend(await kept(address))
        return True

    with DataFolder(backed_up.data) as data:
        chosen = await choose(backed_up.shelf, backed_up.keys, own=None, backup=None, until=None)
        await Restoration(
            data,
            MAIN,
            chosen,
            backed_up.keys,
            SystemClock(),
            step=lambda _: None,
            copied=lambda _done, _total: None,
        ).run(examined)
    return sorted(found)


async def test_a_log_whose_archivist_is_killed_misses_nothing(backed_up: BackedUp) -> None:
    acknowledged: list[int] = []
    async with archived(backed_up):
        await backed_up.base_backup(MAIN, backed_up.shelf).create()
    for _ in range(2):
        async with archived(backed_up) as (process, owner):
            committing = asyncio.create_task(commit(backed_up, owner, len(acknowledged)))
            # At an instant that has nothing to do with what it does.
            await asyncio.sleep(random.uniform(0.1, 1))
            postmaster = (backed_up.data / "postgres/postmaster.pid").read_text().split("\n")[0]
            process.kill()
            os.kill(int(postmaster), signal.SIGQUIT)
            new = await committing
            # One that was committed and not acknowledged is repeated under its number.
            acknowledged += new
            owner.terminate()
            await process.wait()
        async with archived(backed_up) as (_, owner):
            await owner.execute("DELETE FROM kept WHERE number >= $1", len(acknowledged))
    assert await restored(backed_up) == acknowledged
    [series] = backed_up.shelf.series()
    assert len(series.segments()) > len(acknowledged) > 0


async def test_a_base_backup_that_is_killed_is_none_and_the_next_one_is_whole(
    backed_up: BackedUp,
) -> None:
    async with archived(backed_up) as (_, owner):
        await owner.execute("INSERT INTO kept (number) VALUES (7)")
        process = await backed_up.start("backup", "create")

        async def is_copying() -> bool:
            assert process.returncode is None
            return any(backed_up.shelf.folder.glob("*/base/*/cluster.tar.new"))

        await until(is_copying, within_s=60)
        process.kill()
        await process.communicate()
        [series] = backed_up.shelf.series()
        assert (series.backups(), len(series.unfinished())) == ([], 1)

        manifest = await backed_up.base_backup(MAIN, backed_up.shelf).create()
        assert [backup.id for backup in series.backups()] == [manifest.id]
        assert series.unfinished() == []
    assert await restored(backed_up) == [7]


def unpacks(data: Path) -> bool:
    return (data / "postgres-restoring/PG_VERSION").exists()


def replays(data: Path) -> bool:
    return (data / "postgres-restoring/postmaster.pid").exists()


@pytest.mark.parametrize("reached", [unpacks, replays])
async def test_a_restore_that_is_killed_leaves_the_former_and_the_next_one_completes(
    backed_up: BackedUp, reached: Callable[[Path], bool]
) -> None:
    async with archived(backed_up) as (_, owner):
        await owner.execute("INSERT INTO kept (number) VALUES (7)")
        await backed_up.base_backup(MAIN, backed_up.shelf).create()
    former = (backed_up.data / "postgres").stat().st_ino
    process = await backed_up.start("restore")

    async def is_there() -> bool:
        assert process.returncode is None
        return reached(backed_up.data)

    await until(is_there, within_s=60)
    await asyncio.sleep(random.uniform(0, 0.2))
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert (backed_up.data / "postgres").stat().st_ino == former
    assert await restored(backed_up) == [7]
    assert (backed_up.data / "postgres").stat().st_ino != former
    assert not (backed_up.data / "postgres-restoring").exists()
