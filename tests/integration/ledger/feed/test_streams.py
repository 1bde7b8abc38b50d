"""A stream of a book's feed: from any number on, as it grows, to whoever may read it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from bezant.kernel.http import Streams, TooManyStreams
from bezant.kernel.http import streams as http_streams
from bezant.kernel.http.streams import CHECK_EVERY_S
from bezant.kernel.telemetry import FEED_LAG
from bezant.ledger.feed import tail
from bezant.ledger.lane.lane import Lane
from fixtures_api import Api, Book, Tenant, open_book, operator_call, serving
from fixtures_ledger import Bank, open_ledger
from fixtures_streams import Reader, reading, seqs
from running_platform import until

HISTORY = 5
"""Two system accounts, two accounts and a transaction: what `open_book` leaves."""


@dataclass
class Feed:
    """A book of a tenant's own, over real connections."""

    api: Api
    book: Book
    client: httpx.AsyncClient

    @property
    def path(self) -> str:
        return f"{self.book.path}/events"

    @property
    def followed(self) -> Mapping[Any, Any]:
        """The books that somebody follows."""
        assert self.api.ledger is not None
        return self.api.ledger._tail._books

    async def is_left(self) -> bool:
        return not self.api.streams.open and not self.followed

    async def post(self, times: int = 1) -> None:
        for _ in range(times):
            await self.book.tenant.create(f"{self.book.path}/transactions", self.book.transfer("1"))

    def open(self, after: int = 0) -> AbstractAsyncContextManager[Reader]:
        return reading(self.client, f"{self.path}?after={after}")


@asynccontextmanager
async def connected(url: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=20, limits=limits
    ) as client:
        yield client


@pytest.fixture
async def feed(api: Api) -> AsyncIterator[Feed]:
    async with (
        api.tenant() as tenant,
        serving(api.app) as url,
        connected(url, tenant.key) as client,
    ):
        yield Feed(api, await open_book(tenant), client)


async def test_history_comes_first_and_then_what_is_posted(feed: Feed) -> None:
    async with feed.open() as reader:
        assert reader.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert reader.answer.headers["cache-control"] == "no-store"
        history = await reader.take(HISTORY)
        assert seqs(history) == [1, 2, 3, 4, 5]
        assert [event.kind for event in history] == [*["account.opened"] * 4, "transaction.posted"]
        assert reader.parser.retry_ms == 1000
        for seq in range(HISTORY + 1, HISTORY + 4):
            await feed.post()
            assert seqs(await reader.take(1)) == [seq]


@pytest.mark.parametrize("after", range(HISTORY + 4))
async def test_a_stream_goes_on_from_any_number(feed: Feed, after: int) -> None:
    await feed.post(3)
    async with feed.open(after) as reader:
        await feed.post()
        assert seqs(await reader.take(HISTORY + 4 - after)) == list(range(after + 1, HISTORY + 5))


async def test_the_last_events_id_wins_over_the_address(feed: Feed) -> None:
    async with reading(feed.client, f"{feed.path}?after=1", **{"Last-Event-ID": "3"}) as reader:
        assert seqs(await reader.take(2)) == [4, 5]


async def test_who_takes_json_gets_a_page(feed: Feed) -> None:
    answer = await feed.client.get(
        f"{feed.path}?after=2&limit=2", headers={"Accept": "application/json"}
    )
    assert answer.status_code == 200
    page = answer.json()
    assert [event["seq"] for event in page["events"]] == [3, 4]
    assert (page["next"], page["head"]) == (4, 5)
    async with feed.open(2) as reader:
        assert [event.data for event in await reader.take(2)] == page["events"]


async def test_a_page_may_come_from_a_copy_that_is_new_enough(feed: Feed) -> None:
    headers = {"Accept": "application/json", "Bezant-Read-After": "5"}
    answer = await feed.client.get(feed.path, headers=headers)
    assert [event["seq"] for event in answer.json()["events"]] == [1, 2, 3, 4, 5]
    async with reading(feed.client, feed.path, **{"Bezant-Read-After": "5"}) as reader:
        assert seqs(await reader.take(5)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("many", [40])
async def test_of_many_readers_none_misses_or_repeats(feed: Feed, many: int) -> None:
    posted = 60

    async def read(after: int) -> list[int]:
        async with feed.open(after) as reader:
            return seqs(await reader.take(HISTORY + posted - after))

    reads = [asyncio.create_task(read(number % (HISTORY + 1))) for number in range(many)]
    await asyncio.gather(*(feed.post(posted // 6) for _ in range(6)))
    for number, read_seqs in enumerate(await asyncio.gather(*reads)):
        assert read_seqs == list(range(number % (HISTORY + 1) + 1, HISTORY + posted + 1))


async def test_a_head_request_is_answered_and_holds_nothing_open(feed: Feed) -> None:
    answer = await feed.client.head(feed.path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("?after=-1", {}, 400, "MALFORMED"),
        ("?after=x", {}, 400, "MALFORMED"),
        ("?after=1&after=2", {}, 400, "MALFORMED"),
        ("?from=1", {}, 400, "MALFORMED"),
        ("?after=" + "9" * 30, {}, 400, "MALFORMED"),
        ("", {"Last-Event-ID": "x"}, 400, "MALFORMED"),
        ("", {"Last-Event-ID": "9" * 19}, 400, "MALFORMED"),
        ("", {"Last-Event-ID": "6"}, 409, "FEED_POSITION_AHEAD"),
        ("?after=6", {}, 409, "FEED_POSITION_AHEAD"),
    ],
)
async def test_a_place_that_is_none_is_refused(
    feed: Feed, query: str, headers: dict[str, str], status: int, code: str
) -> None:
    for accept in ("text/event-stream", "application/json"):
        answer = await feed.client.get(feed.path + query, headers=headers | {"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        await feed.api.check_declared(answer)


async def test_another_tenants_book_is_not_found(feed: Feed, other_tenant: Tenant) -> None:
    for path in (feed.path, f"/v1/books/{uuid4()}/events"):
        answer = await other_tenant.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "BOOK_NOT_FOUND")


async def test_a_revoked_key_ends_its_stream_within_a_second_or_so(feed: Feed) -> None:
    issued = await feed.api.issue(feed.book.tenant.id, ("ledger:read",))
    assert issued.key is not None
    url = str(feed.client.base_url)
    async with connected(url, issued.key) as client, reading(client, feed.path) as reader:
        await reader.take(HISTORY)
        await feed.api.keys.revoke(operator_call(feed.book.tenant.id), issued.api_key.id)
        revoked_at = time.monotonic()
        [end] = await reader.rest()
        assert time.monotonic() - revoked_at < 1 + 2 * CHECK_EVERY_S
        assert (end.kind, end.id, end.data["code"]) == ("end", None, "UNAUTHENTICATED")
        assert (await client.get(feed.path)).status_code == 401


async def test_after_a_revocation_nothing_more_is_told_whatever_is_posted(feed: Feed) -> None:
    issued = await feed.api.issue(feed.book.tenant.id, ("ledger:read",))
    assert issued.key is not None
    url = str(feed.client.base_url)
    async with connected(url, issued.key) as client, reading(client, feed.path) as reader:
        await reader.take(HISTORY)
        await feed.api.keys.revoke(operator_call(feed.book.tenant.id), issued.api_key.id)

        async def post_for_ever() -> None:
            while True:
                await feed.post()

        posting = asyncio.create_task(post_for_ever())
        *told, end = await reader.rest()
        posting.cancel()
        assert end.data["code"] == "UNAUTHENTICATED"
        assert seqs(told) == list(range(HISTORY + 1, HISTORY + len(told) + 1))


async def test_a_key_has_a_bounded_number_of_streams(api: Api, feed: Feed) -> None:
    async with AsyncExitStack() as opened:
        readers = [await opened.enter_async_context(feed.open()) for _ in range(50)]
        refused = await feed.client.get(feed.path)
        assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_STREAMS")
        assert int(refused.headers["retry-after"]) > 0
        await api.check_declared(refused)
        page = await feed.client.get(feed.path, headers={"Accept": "application/json"})
        assert page.status_code == 200
        assert len(readers) == api.streams.open == 50

    # Those that left make room: at once for who waits a moment, as Retry-After asks.
    async def is_admitted() -> bool:
        return (await feed.client.head(feed.path)).status_code == 200

    await until(is_admitted)


def test_a_process_has_a_bounded_number_of_streams() -> None:
    streams = Streams(of_caller_max=2, at_once_max=3)

    def is_admitted(actor: str) -> bool:
        try:
            opened.enter_context(streams.admitted(actor))
        except TooManyStreams:
            return False
        return True

    with ExitStack() as opened:
        admitted = [is_admitted(actor) for actor in ("one", "one", "one", "other", "other")]
        assert admitted == [True, True, False, True, False]
    assert streams.open == 0


async def test_a_storm_of_reconnections_is_bounded_and_leaves_nothing(feed: Feed) -> None:
    async def come(number: int) -> int:
        async with feed.open(number % HISTORY) as reader:
            if reader.answer.status_code == 200:
                await reader.take(1)
            return reader.answer.status_code

    statuses = await asyncio.gather(*(come(number) for number in range(400)))
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 50
    await until(feed.is_left)


async def test_nobody_who_follows_leaves_nothing_running(feed: Feed) -> None:
    async with feed.open() as reader:
        await reader.take(HISTORY)
        assert len(feed.followed) == 1
    await until(feed.is_left)


async def test_a_quiet_stream_beats(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_streams, "HEARTBEAT_S", 0.3)
    async with feed.open(HISTORY) as reader:
        async with asyncio.timeout(5):
            while reader.parser.comments < 2:
                reader.parser.feed(await anext(reader.chunks))
        await feed.post()
        assert seqs(await reader.take(1)) == [HISTORY + 1]


async def test_what_is_posted_here_is_told_without_being_looked_for(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "POLL_S_MIN", 600)
    monkeypatch.setattr(tail, "POLL_S_MAX", 600)
    before = lag_count()
    async with feed.open() as reader:
        await reader.take(HISTORY)
        for seq in range(HISTORY + 1, HISTORY + 4):
            await feed.post()
            assert seqs(await reader.take(1)) == [seq]
    assert lag_count() == before + 3, "history is no lag; what was followed is"


async def test_what_another_process_posts_is_found(
    feed: Feed, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As of another process, whose lanes tell nobody here.
    monkeypatch.setattr(Lane, "tell", lambda _: None)
    async with (
        feed.open(HISTORY) as reader,
        open_ledger(feed.api.database, run_folder) as elsewhere,
    ):
        bank = Bank(elsewhere, feed.api.database, feed.book.tenant.id, UUID(feed.book.id))
        for seq in range(HISTORY + 1, HISTORY + 4):
            await bank.pay("world", "wallet", 1)
            assert seqs(await reader.take(1)) == [seq]


def lag_count() -> float:
    return sum(
        sample.value
        for metric in FEED_LAG.collect()
        for sample in metric.samples
        if sample.name.endswith("_count")
    )
