"""Killed at whatever step, a process that delivers is replaced: nothing is lost or reordered."""

import asyncio
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbound import CheckedNetwork
from bezant.kernel.sealing import KeySealer
from bezant.kernel.webhooks import (
    DeliveryService,
    IssuedWebhookKey,
    Means,
    NewWebhookEndpoint,
    Sender,
    Sources,
    WebhookService,
)
from bezant.ledger import schemas
from bezant.server.webhooks import BookFeeds
from fixtures_ledger import Bank
from processes.courier import Here, Job
from receivers import Answer, Message, Receiver, receiving, status
from running_platform import until

SCRIPT = Path(__file__).parents[2] / "processes" / "courier.py"
KEY = bytes(range(32))
LEASE_S, GRACE_S = 10, 5
CHANGES = 40


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with receiving(tmp_path) as receiver:
        yield receiver


@pytest.fixture
async def means(bank: Bank, receiver: Receiver) -> AsyncIterator[Means]:
    clock = SystemClock()
    means = Means(
        database=bank.database,
        clock=clock,
        ids=TimeOrderedIds(),
        sources=Sources([BookFeeds(bank.ledger)]),
        sealer=KeySealer(KEY),
        sender=Sender(CheckedNetwork(Here(), allow_loopback=True), clock, tls=receiver.tls),
        allow_loopback=True,
    )
    yield means
    await means.sender.close()


@pytest.fixture
async def endpoint(bank: Bank, means: Means, receiver: Receiver) -> AsyncIterator[IssuedWebhookKey]:
    service = WebhookService(means)
    new = NewWebhookEndpoint(receiver.url)
    issued = (await service.create(bank.call(), new)).value(IssuedWebhookKey)
    yield issued
    await bank.database.transaction(
        lambda connection: connection.execute(
            "UPDATE webhook_endpoint SET status = 'disabled' WHERE tenant_id = $1", bank.tenant_id
        )
    )


@asynccontextmanager
async def courier(
    app_url: str, run_folder: Path, tmp_path: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    job = Job(app_url, str(run_folder), str(tmp_path / "ca.pem"), KEY.hex())
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(job))
    process.stdin.close()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def work_on(bank: Bank) -> None:
    """Events of two objects, in turn."""
    statuses = [schemas.AccountStatus.FROZEN, schemas.AccountStatus.OPEN]
    for number in range(CHANGES):
        for account in ("alice", "world"):
            await bank.change(account, status=statuses[number % 2])


async def more_than(receiver: Receiver, seen: int) -> bool:
    return len(receiver.messages) > seen


def first_times(receiver: Receiver) -> list[Message]:
    """Messages without their repeats."""
    return list({message.id: message for message in reversed(receiver.messages)}.values())[::-1]


async def test_kills_while_messages_are_sent_lose_nothing_and_keep_the_order(
    bank: Bank,
    means: Means,
    endpoint: IssuedWebhookKey,
    receiver: Receiver,
    app_url: str,
    run_folder: Path,
    tmp_path: Path,
) -> None:
    await work_on(bank)
    dice = random.Random(6)
    arrived = asyncio.Event()
    kill_at = 0

    async def answer_late(writer: asyncio.StreamWriter) -> None:
        arrived.set()
        # Before the answer or after it: the kill comes in between somewhere.
        await asyncio.sleep(dice.random() * 0.02)
        writer.write(status(204))
        await writer.drain()

    def script(_: Message) -> Answer:
        return answer_late if len(receiver.messages) >= kill_at else status(204)

    receiver.script = script
    for _ in range(2):
        arrived.clear()
        kill_at = len(receiver.messages) + dice.randrange(5, 15)
        async with courier(app_url, run_folder, tmp_path) as process:
            await arrived.wait()
            await asyncio.sleep(dice.random() * 0.03)
            process.kill()
            await process.wait()
        killed_at, seen = time.monotonic(), len(receiver.messages)
        kill_at = 1 << 30
        async with courier(app_url, run_folder, tmp_path):
            await until(partial(more_than, receiver, seen), within_s=60)
            assert time.monotonic() - killed_at < LEASE_S + GRACE_S
    deliveries = DeliveryService(means)

    async def is_done() -> bool:
        page = await deliveries.page(
            bank.tenant_id, endpoint.webhook_endpoint.id, status=None, before=None, limit=1_000
        )
        return [each.status for each in page.deliveries] == ["delivered"] * (2 * CHANGES)

    async with courier(app_url, run_folder, tmp_path):
        await until(is_done, within_s=60)
    distinct = first_times(receiver)
    heads = await bank.ledger.feed_heads(bank.tenant_id)
    sequences = [message.content["sequence"] for message in distinct]
    head = heads[bank.book_id]
    assert sorted(sequences) == list(range(head - 2 * CHANGES + 1, head + 1))
    for account in ("alice", "world"):
        mine = [m.content["sequence"] for m in distinct if m.content["object"] == account]
        assert mine == sorted(mine)
    # What was sent and not recorded came again, and could be told by its identifier.
    assert len(receiver.messages) > len(distinct)


async def test_a_process_that_slept_past_its_lease_records_nothing(
    bank: Bank,
    means: Means,
    endpoint: IssuedWebhookKey,
    receiver: Receiver,
    app_url: str,
    run_folder: Path,
    tmp_path: Path,
) -> None:
    await bank.change("alice", status=schemas.AccountStatus.FROZEN)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hang(writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go_on.wait()
        writer.write(status(500))
        await writer.drain()

    receiver.script = lambda _: hang if len(receiver.messages) == 0 else status(204)
    deliveries = DeliveryService(means)

    async def log() -> list[tuple[str, int]]:
        page = await deliveries.page(
            bank.tenant_id, endpoint.webhook_endpoint.id, status=None, before=None, limit=10
        )
        return [(each.status, each.attempts) for each in page.deliveries]

    async def is_delivered() -> bool:
        return await log() == [("delivered", 1)]

    async with courier(app_url, run_folder, tmp_path) as sleeper:
        await arrived.wait()
        sleeper.send_signal(signal.SIGSTOP)
        async with courier(app_url, run_folder, tmp_path):
            await until(is_delivered, within_s=LEASE_S + GRACE_S + 10)
        go_on.set()
        sleeper.send_signal(signal.SIGCONT)
        # It finds that it was replaced, and works on: something new is delivered by it.
        await bank.change("alice", status=schemas.AccountStatus.OPEN)

        async def is_next_delivered() -> bool:
            return await log() == [("delivered", 1), ("delivered", 1)]

        await until(is_next_delivered, within_s=30)
