"""Two workers over HTTPS: one book served by both, and the holder of its lane killed under load."""

import asyncio
import os
import signal
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

import asyncpg
import httpx
import pytest
from prometheus_client.mmap_dict import MmapedDict

from bezant.server import endpoint
from fixtures_servers import open_folder
from integration.outside.till import Till, serving, verified
from running_platform import RunningPlatform, workers

PAYMENTS = 400
CONNECTIONS = 8
# How often clients try again, and how long they wait before they do.
TRIES_MAX = 100
PAUSE_S = 0.05


@pytest.fixture(scope="module")
async def till() -> AsyncIterator[Till]:
    """A book on a platform with everything embedded and two workers."""
    with open_folder() as parent:
        async with serving(parent / "data", "--workers", "2") as (till, _):
            yield till


@asynccontextmanager
async def connected(platform: RunningPlatform) -> AsyncIterator[httpx.AsyncClient]:
    """A client with one connection, and by that one worker."""
    async with httpx.AsyncClient(
        base_url=platform.url,
        verify=platform.trust(),
        headers={"Authorization": f"Bearer {platform.key}"},
        limits=httpx.Limits(max_connections=1),
        timeout=20,
    ) as client:
        yield client


def answered(platform: RunningPlatform) -> dict[int, float]:
    """How many requests each living worker has answered, from its own metrics."""
    counts = dict.fromkeys(workers(platform.process.pid), 0.0)
    for pid in counts:
        path = platform.data_dir / "metrics" / f"counter_{pid}.db"
        if path.exists():
            values = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]  # unannotated there
            counts[pid] = sum(value for key, value, *_ in values if "http_requests" in key)
    return counts


async def spread(
    platform: RunningPlatform, opened: AsyncExitStack
) -> dict[int, list[httpx.AsyncClient]]:
    """Clients by the worker that has their connection; at least two of each worker.

    The kernel gives a connection to whichever worker is quicker, so more are opened until it has
    chosen both.
    """
    clients: dict[int, list[httpx.AsyncClient]] = {pid: [] for pid in answered(platform)}
    for opened_already in range(64):
        if opened_already >= CONNECTIONS and all(len(some) > 1 for some in clients.values()):
            break
        client = await opened.enter_async_context(connected(platform))
        before = answered(platform)
        assert (await client.get("/v1/books")).status_code == HTTPStatus.OK
        [pid] = [pid for pid, count in answered(platform).items() if count > before[pid]]
        clients[pid].append(client)
    assert all(clients.values()), clients
    return clients


async def pay_until_answered(till: Till, client: httpx.AsyncClient, key: str) -> None:
    """Pay as a careful client does: again under the same key until it knows."""
    for _ in range(TRIES_MAX):
        try:
            answer = await till.pay(client, key)
        except httpx.TransportError:
            pass  # the connection broke: the next try makes another
        else:
            if answer.status_code == HTTPStatus.CREATED:
                return
            assert answer.status_code in {
                HTTPStatus.TOO_MANY_REQUESTS,
                HTTPStatus.SERVICE_UNAVAILABLE,
            }, answer.text
        await asyncio.sleep(PAUSE_S)
    raise AssertionError(f"{key} was never answered")


async def holder(till: Till) -> int:
    """The process that holds the book's lane: it listens at the socket that the lane names."""
    connection = await asyncpg.connect(endpoint.read(till.platform.data_dir).database_url)
    try:
        address = await connection.fetchval("SELECT holder FROM lane WHERE book_id = $1", till.book)
    finally:
        await connection.close()
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(address.partition(":")[2])
        # Who called `listen` (unix(7), SO_PEERCRED): a process, a user and a group.
        credentials = asking.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
        )
    pid, _, _ = struct.unpack("3i", credentials)
    assert isinstance(pid, int)
    return pid


async def test_both_workers_take_payments_of_one_book_and_none_is_lost(till: Till) -> None:
    async with AsyncExitStack() as opened:
        clients = await spread(till.platform, opened)
        everybody = [client for some in clients.values() for client in some]
        before, held = answered(till.platform), await till.balance(everybody[0])
        answers = await asyncio.gather(
            *(till.pay(everybody[no % len(everybody)], f"both-{no}") for no in range(PAYMENTS))
        )
        assert Counter(answer.status_code for answer in answers) == {201: PAYMENTS}
        after = answered(till.platform)
        assert all(after[pid] - before[pid] > PAYMENTS / CONNECTIONS for pid in before), after
        assert await till.balance(everybody[0]) == held + PAYMENTS


async def test_one_key_at_both_workers_at_once_has_one_effect_and_one_answer(till: Till) -> None:
    async with AsyncExitStack() as opened:
        one, other = [some[0] for some in (await spread(till.platform, opened)).values()]
        held = await till.balance(one)
        for no in range(20):
            answers = await asyncio.gather(*(till.pay(at, f"same-{no}") for at in (one, other)))
            assert [answer.status_code for answer in answers] == [201, 201]
            assert len({answer.content for answer in answers}) == 1
            assert sum("idempotency-replayed" in answer.headers for answer in answers) == 1
        assert await till.balance(other) == held + 20


async def test_the_holder_of_the_lane_is_killed_under_load_and_every_payment_is_there_once(
    till: Till,
) -> None:
    async with AsyncExitStack() as opened:
        clients = [
            await opened.enter_async_context(connected(till.platform)) for _ in range(CONNECTIONS)
        ]
        held = await till.balance(clients[0])
        some_are_paid = asyncio.Event()
        paid: list[str] = []

        async def pay(client: httpx.AsyncClient, first: int) -> None:
            for no in range(first, PAYMENTS, CONNECTIONS):
                await pay_until_answered(till, client, f"killed-{no}")
                paid.append(f"killed-{no}")
                if len(paid) >= PAYMENTS / 4:
                    some_are_paid.set()

        async def kill() -> int:
            await some_are_paid.wait()
            victim = await holder(till)
            os.kill(victim, signal.SIGKILL)
            assert len(paid) < PAYMENTS, "it was killed under load"
            return victim

        victim, *_ = await asyncio.gather(
            kill(), *(pay(client, first) for first, client in enumerate(clients))
        )
        replaced = await till.platform.event("worker_replaced")
        assert workers(till.platform.process.pid) >= {replaced["pid"]}
        assert await holder(till) != victim
        assert len(set(paid)) == PAYMENTS
        assert await till.balance(clients[0]) == held + PAYMENTS
    [report] = await verified("--data-dir", str(till.platform.data_dir))
    assert report["findings"] == []
