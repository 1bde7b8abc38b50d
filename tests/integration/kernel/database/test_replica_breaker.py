"""The circuit breaker of a replica that is not there, or that says nothing."""

import asyncio
from pathlib import Path

import pytest

from bezant.kernel.database import Replica, ReplicaUnavailable
from bezant.kernel.database.replica import PAUSE_S
from integration.kernel.database.standby import Stopwatch


async def test_a_platform_starts_without_its_replica(tmp_path: Path) -> None:
    watch = Stopwatch()
    absent = Replica(f"postgresql://app@/bezant?host={tmp_path}", monotonic=watch)
    for _ in range(2):
        with pytest.raises(ReplicaUnavailable):
            await absent.read(_never)
        watch.now_s += PAUSE_S
    await absent.close()


async def test_one_read_at_a_time_tries_a_replica_that_failed(tmp_path: Path) -> None:
    """A server that accepts and says nothing, as one behind a broken network does."""
    connected = 0

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        await writer.drain()
        opened.append(writer)

    opened: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_unix_server(say_nothing, str(tmp_path / ".s.PGSQL.5432"))
    url = f"postgresql://app@/bezant?host={tmp_path}&port=5432&sslmode=disable"
    hanging = Replica(url, monotonic=Stopwatch())
    reads = await asyncio.gather(*(hanging.read(_never) for _ in range(20)), return_exceptions=True)
    for writer in opened:
        writer.close()
    silent.close()
    await silent.wait_closed()
    await hanging.close()
    assert {type(each) for each in reads} == {ReplicaUnavailable}
    assert connected == 1


async def _never(_: object) -> None:
    raise AssertionError("there is no connection")
