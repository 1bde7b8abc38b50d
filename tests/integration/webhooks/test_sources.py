"""What webhooks tell of: the feeds of books, and the events outside of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bezant.kernel import outbox
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import write_rows
from bezant.kernel.outbox import EventReader, Sequencer
from bezant.kernel.telemetry.metrics import render
from bezant.kernel.webhooks import DeliveryService, Dispatcher, Sources, WebhookService
from bezant.ledger import schemas
from bezant.server.webhooks import BookFeeds, TenantEvents
from fixtures_ledger import Bank
from fixtures_webhooks import IDS, Post, posting
from receivers import Names, Receiver

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


@pytest.fixture
async def bank_post(bank: Bank, receiver: Receiver) -> AsyncIterator[Post]:
    """The bank's tenant, told of its books and events."""
    async with posting(bank.database, receiver, Names([["127.0.0.1"]])) as post:
        sources = Sources([BookFeeds(bank.ledger), TenantEvents(EventReader(bank.database))])
        means = replace(post.means, sources=sources)
        yield replace(
            post,
            means=means,
            tenant_id=bank.tenant_id,
            endpoints=WebhookService(means),
            deliveries=DeliveryService(means),
            dispatcher=Dispatcher(means),
        )


async def test_transactions_and_accounts_of_a_book_are_told_as_its_feed_says(
    bank: Bank, bank_post: Post
) -> None:
    await bank_post.endpoint(books=[bank.book_id])
    await bank.pay("world", "alice", 500)
    await bank.change("alice", status=schemas.AccountStatus.FROZEN)
    await bank_post.turn()
    contents = sorted(
        (message.content for message in bank_post.receiver.messages),
        key=lambda content: int(content["sequence"]),
    )
    assert [each["type"] for each in contents] == ["transaction.posted", "account.changed"]
    assert {each["stream"] for each in contents} == {f"book:{bank.book_id}"}
    [leg] = contents[0]["data"]["postings"]
    assert (leg["debit"], leg["credit"], leg["amount"]) == ("world", "alice", "500")
    assert contents[1]["object"] == "alice"
    assert all(each["data"]["seq"] == each["sequence"] for each in contents)


async def happen(bank: Bank, *subjects: str) -> None:
    """Events outside books, with their numbers."""

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        for subject in subjects:
            row = outbox.event(IDS.new(), "key.revoked", subject, datetime.now(UTC), {"by": "me"})
            await write_rows(connection, bank.tenant_id, [row])

    await bank.database.transaction(work)
    sequencer = Sequencer(bank.database, SystemClock(), IDS)
    assert await sequencer.number() >= len(subjects)


async def test_events_outside_books_are_told_too_unless_books_are_asked_for(
    bank: Bank, bank_post: Post
) -> None:
    await bank_post.endpoint(event_types=["key.*"])
    await bank_post.endpoint(event_types=["key.*"], books=[bank.book_id])
    await happen(bank, "/v1/keys/1")
    await bank_post.turn()
    [message] = bank_post.receiver.messages
    assert message.content["type"] == "key.revoked"
    assert (message.content["stream"], message.content["object"]) == ("tenant", "/v1/keys/1")
    assert message.content["data"] == {"by": "me"}


async def test_events_that_retention_removed_are_passed_over(bank: Bank, bank_post: Post) -> None:
    endpoint = await bank_post.endpoint(event_types=["key.*"])
    await happen(bank, "/1")
    await bank_post.turn()
    await bank_post.change(endpoint, status="disabled")
    await happen(bank, "/2", "/3")
    await outbox.remove_old(bank.database, bank.tenant_id, datetime.now(UTC), 1_000)
    await happen(bank, "/4")
    await bank_post.change(endpoint, status="enabled")
    await bank_post.turn()
    objects = {message.content["object"] for message in bank_post.receiver.messages}
    assert {"/1", "/4"} <= objects
    assert "/2" not in objects


async def test_deliveries_are_counted_and_their_age_measured(bank: Bank, bank_post: Post) -> None:
    def counted(name: str) -> float:
        lines = [line for line in render().decode().splitlines() if line.startswith(name)]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    delivered = 'bezant_webhook_deliveries_total{outcome="delivered"}'
    measured = 'bezant_feed_lag_seconds_count{consumer="webhook"}'
    before = counted(delivered), counted(measured)
    await bank_post.endpoint()
    await bank.pay("world", "alice", 500)
    await bank_post.turn()
    assert (counted(delivered), counted(measured)) == (before[0] + 1, before[1] + 1)
