"""Streams of a running platform: several workers, a worker that dies, and the end of it all."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import httpx
import pytest

from fixtures_servers import open_folder
from fixtures_streams import EventParser, reading, seqs
from integration.outside.till import Till, open_till
from running_platform import RunningPlatform, running, until, workers

HISTORY = 4


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        async with running(parent / "data", "--workers", "2") as platform:
            yield platform


async def test_readers_at_several_workers_see_what_any_of_them_writes(
    platform: RunningPlatform,
) -> None:
    async with platform.client() as client, AsyncExitStack() as opened:
        till = await open_till(platform, client)
        # Each over a connection of its own, which either worker may have taken.
        readers = [
            await opened.enter_async_context(reading(client, f"{till.path}/events?after={HISTORY}"))
            for _ in range(12)
        ]
        delays = []
        for number in range(1, 21):
            posted_at = time.monotonic()
            assert (await till.pay(client, f"many-{number}")).status_code == 201
            for reader in readers:
                assert seqs(await reader.take(1)) == [HISTORY + number]
            delays.append(time.monotonic() - posted_at)
    assert sorted(delays)[len(delays) // 2] < 1


async def test_a_worker_that_dies_takes_its_streams_along_and_they_go_on_elsewhere(
    platform: RunningPlatform,
) -> None:
    async with platform.client() as client:
        till = Till(platform, (await client.get("/v1/books")).json()["books"][0]["id"])
        head = (await _page(client, till))["head"]
        last = head + 40
        following = asyncio.create_task(_follow(client, till, head, last))
        for number in range(40):
            if number == 20:
                victim = min(workers(platform.process.pid))
                os.kill(victim, signal.SIGKILL)

            async def is_paid(key: str = f"dying-{number}") -> bool:
                with suppress(httpx.TransportError):
                    return (await till.pay(client, key)).status_code == 201
                return False

            await until(is_paid, within_s=20)
        async with asyncio.timeout(20):
            assert await following == list(range(head + 1, last + 1))


async def _page(client: httpx.AsyncClient, till: Till) -> dict[str, int]:
    answer = await client.get(
        f"{till.path}/events", headers={"Accept": "application/json"}, params={"limit": 1}
    )
    page: dict[str, int] = answer.json()
    return page


async def _follow(client: httpx.AsyncClient, till: Till, after: int, last: int) -> list[int]:
    parser, found = EventParser(last_id=str(after)), list[int]()
    while not found or found[-1] < last:
        headers = {"Last-Event-ID": parser.last_id or "0"}
        with suppress(httpx.TransportError):
            async with client.stream("GET", f"{till.path}/events", headers=headers) as answer:
                async for chunk in answer.aiter_raw():
                    found += seqs([each for each in parser.feed(chunk) if each.id is not None])
                    if found and found[-1] == last:
                        return found
        parser.reconnected()
    return found


async def test_metrics_tell_how_late_readers_are(platform: RunningPlatform) -> None:
    async with platform.client() as client:
        metrics = (await client.get("/metrics")).text
    assert 'bezant_feed_lag_seconds_count{consumer="sse"}' in metrics


async def test_open_streams_do_not_hold_up_the_end(platform: RunningPlatform) -> None:
    async with platform.client() as client, AsyncExitStack() as opened:
        till = Till(platform, (await client.get("/v1/books")).json()["books"][0]["id"])
        head = (await _page(client, till))["head"]
        readers = [
            await opened.enter_async_context(
                reading(client, f"{till.path}/events?after={head - 1}")
            )
            for _ in range(10)
        ]
        for reader in readers:
            await reader.take(1)
        asked_at = time.monotonic()
        platform.process.send_signal(signal.SIGTERM)
        for reader in readers:
            # An end as the protocol knows it, not a connection that broke.
            assert await reader.rest() == []
        ended_s = time.monotonic() - asked_at
        assert await platform.ended() == 0
    assert ended_s < 3
    assert not [event for event in platform.events if event["event"] in {"fault", "worker_killed"}]
