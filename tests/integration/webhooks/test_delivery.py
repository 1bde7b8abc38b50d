"""Messages arrive: in order per object, again and again for three days, and not without bound."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import msgspec
import pytest

from bezant.kernel.webhooks import intake
from bezant.kernel.webhooks.deliveries import PENDING_MAX
from bezant.kernel.webhooks.schemas import WebhookDelivery
from fixtures_webhooks import STREAM, Post
from receivers import Answer, Message, answering, failing, status

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_what_happens_is_delivered_in_order(post: Post) -> None:
    endpoint = await post.endpoint()
    post.tell("a", "b", "a")
    await post.turn()
    assert sorted(post.got) == [(1, "a"), (2, "b"), (3, "a")]
    assert [sequence for sequence, key in post.got if key == "a"] == [1, 3]
    log = await post.log(endpoint)
    assert {(each.status, each.attempts, each.response_status) for each in log} == {
        ("delivered", 1, 204)
    }
    assert await post.turn() == 0


async def test_a_new_endpoint_is_told_of_what_happens_from_then_on(post: Post) -> None:
    post.tell("before")
    await post.endpoint()
    post.tell("after")
    post.tell("first", stream="test:new")
    await post.turn()
    assert sorted(post.got) == [(1, "first"), (2, "after")]


async def test_every_endpoint_is_told_with_the_same_identifier(post: Post) -> None:
    await post.endpoint()
    await post.endpoint()
    post.tell("a")
    await post.turn()
    assert len({message.id for message in post.receiver.messages}) == 1
    assert len(post.receiver.messages) == 2


async def test_filters_hold_back_what_was_not_asked_for(post: Post) -> None:
    book, other = uuid4(), uuid4()
    post.streams.books = {"test:book": book, "test:other": other}
    for stream in post.streams.books:
        post.streams.events[post.tenant_id, stream] = []
    types = await post.endpoint(event_types=["thing.*", "only.this"])
    await post.endpoint(books=[book])
    for kind in ("thing.changed", "thing.else", "only.this", "only.that", "things.all"):
        post.tell("a", kind=kind)
    post.tell("in", stream="test:book")
    post.tell("out", stream="test:other")
    await post.turn()
    log = await post.log(types)
    assert [each.type for each in log if each.stream == STREAM] == [
        "thing.changed", "thing.else", "only.this",
    ]  # fmt: skip
    assert sorted(m.content["object"] for m in post.receiver.messages).count("in") == 2
    assert sorted(m.content["object"] for m in post.receiver.messages).count("out") == 1


async def test_a_failed_message_holds_back_later_ones_of_its_object_only(post: Post) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing("a")
    post.tell("a", "b", "a", "b", "a")
    await post.turn()
    assert sorted(post.got) == [(1, "a"), (2, "b"), (4, "b")]
    post.receiver.script = answering()
    post.receiver.messages.clear()
    await post.turn(after=timedelta(seconds=6))
    assert post.got == [(1, "a"), (3, "a"), (5, "a")]
    assert {each.status for each in await post.log(endpoint)} == {"delivered"}


async def test_a_message_is_tried_for_three_days_at_growing_intervals(post: Post) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing("a")
    post.tell("a", "a")
    start = post.clock.now()
    await post.turn()
    at = [timedelta(0)]
    while not (given_up := await post.log(endpoint, "failed")):
        [first, *_] = await post.log(endpoint)
        assert first.next_attempt_at is not None
        assert await post.turn(after=first.next_attempt_at - post.clock.now() - SECOND) == 0
        await post.turn(after=2 * SECOND)
        at.append(post.clock.now() - start)
    assert given_up[0].attempts == 10
    assert given_up[0].error == "status_500"
    assert 72 * HOUR <= at[9] <= 90 * HOUR
    gaps = [later - earlier for earlier, later in pairwise(at[:10])]
    assert gaps == sorted(gaps)
    # Then the next one of the object has its turn.
    assert post.got[10] == (2, "a")


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
async def test_every_2xx_is_success(post: Post, code: int) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing(code=code)
    post.tell("a")
    await post.turn()
    assert [each.status for each in await post.log(endpoint)] == ["delivered"]


@pytest.mark.parametrize("code", [301, 304, 400, 401, 404, 409, 500, 503])
async def test_every_other_answer_is_failure(post: Post, code: int) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing(code=code)
    post.tell("a")
    await post.turn()
    [delivery] = await post.log(endpoint)
    assert (delivery.status, delivery.response_status, delivery.error) == (
        "pending", code, f"status_{code}",
    )  # fmt: skip


async def test_a_receiver_that_does_not_answer_is_a_failure_in_the_log(post: Post) -> None:
    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    endpoint = await post.endpoint()
    post.receiver.script = lambda _: hang
    post.tell("a")
    await post.turn()
    [delivery] = await post.log(endpoint)
    assert (delivery.status, delivery.error, delivery.response_status) == (
        "pending", "timed_out", None,
    )  # fmt: skip
    assert delivery.latency_ms is not None
    assert delivery.latency_ms >= 1_000


async def test_retry_after_is_heeded_by_the_message_and_by_the_endpoint(post: Post) -> None:
    await post.endpoint()
    post.receiver.script = answering(status(429, "Retry-After: 1800"))
    post.tell("a")
    await post.turn()
    post.tell("b")
    assert await post.turn(after=29 * MINUTE) == 0
    await post.turn(after=2 * MINUTE)
    assert sorted(post.got) == [(1, "a"), (1, "a"), (2, "b")]


async def test_gone_disables_the_endpoint_and_keeps_what_waits(post: Post) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing(code=410)
    post.tell("a")
    await post.turn()
    post.tell("b")
    assert await post.turn(after=10 * DAY) == 0
    found = await post.look(endpoint)
    assert (found.status, found.disabled_reason) == ("disabled", "gone")
    post.receiver.script = answering()
    await post.change(endpoint, status="enabled")
    await post.turn()
    assert sorted(post.got) == [(1, "a"), (1, "a"), (2, "b")]


async def test_a_disabled_endpoint_keeps_its_place(post: Post) -> None:
    endpoint = await post.endpoint()
    post.tell("a")
    await post.turn()
    await post.change(endpoint, status="disabled")
    post.tell("b", "c")
    assert await post.turn(after=30 * DAY) == 0
    await post.change(endpoint, status="enabled")
    await post.turn()
    assert sorted(post.got) == [(1, "a"), (2, "b"), (3, "c")]


async def test_five_days_without_a_good_answer_disable_the_endpoint_and_tell_of_it(
    post: Post,
) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing(code=500)
    for _ in range(6):
        post.tell("a")
        await post.turn(after=DAY)
    found = await post.look(endpoint)
    assert (found.status, found.disabled_reason) == ("disabled", "failing")
    row = await post.database.fetchrow(
        "SELECT kind, subject, data FROM event_pending WHERE tenant_id = $1"
        " UNION ALL SELECT kind, subject, data FROM event WHERE tenant_id = $1",
        post.tenant_id,
    )
    assert row is not None
    assert (row["kind"], row["subject"]) == (
        "webhook_endpoint.disabled", f"/v1/webhook-endpoints/{endpoint}",
    )  # fmt: skip
    audit = await post.database.fetchrow(
        "SELECT actor FROM audit_entry"
        " WHERE tenant_id = $1 AND action = 'webhook_endpoint.disable'",
        post.tenant_id,
    )
    assert audit is not None
    assert audit["actor"] == "platform:webhooks"


async def test_an_endpoint_that_is_away_is_asked_ever_less_often_and_gets_all_when_back(
    post: Post,
) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing(code=503)
    post.tell(*(f"object-{number}" for number in range(200)))
    for _ in range(12 * 24):
        await post.turn(after=5 * MINUTE)
    # 600 s between probes at most, whatever waits: 144 a day, and some at the beginning.
    assert len(post.receiver.messages) < 160
    post.receiver.script = answering()
    post.receiver.messages.clear()
    await post.turn(after=11 * MINUTE)
    assert len({sequence for sequence, _ in post.got}) == 200
    assert {each.status for each in await post.log(endpoint)} == {"delivered"}


async def test_an_endpoint_that_is_down_does_not_stop_another(post: Post) -> None:
    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    def script(message: Message) -> Answer:
        return hang if message.line.startswith("POST /down") else status(204)

    post.receiver.script = script
    down = await post.endpoint(url=post.receiver.url.replace("/in", "/down"))
    up = await post.endpoint()
    post.tell(*(f"object-{number}" for number in range(300)))
    working = asyncio.create_task(post.turn())
    async with asyncio.timeout(20):
        while len(await post.log(up, "delivered")) < 300:  # noqa: ASYNC110 - it is in the database
            await asyncio.sleep(0.02)  # another task is at work
    await working
    assert await post.log(down, "delivered") == []


async def test_the_backlog_of_an_endpoint_that_is_down_is_bounded(post: Post) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing(code=503)
    total = PENDING_MAX + 700
    post.tell(*(f"object-{number}" for number in range(total)))
    for _ in range(10):
        await post.turn(after=11 * MINUTE)
    counted = await post.database.fetchrow(
        "SELECT count(*) AS rows FROM webhook_delivery WHERE endpoint_id = $1", endpoint
    )
    assert counted is not None
    assert counted["rows"] <= PENDING_MAX
    post.receiver.script = answering()
    post.receiver.messages.clear()
    # On a busy machine some take too long for one attempt.
    while len({sequence for sequence, _ in post.got}) < total:
        await post.turn(after=11 * MINUTE)
    assert sorted({sequence for sequence, _ in post.got}) == list(range(1, total + 1))


async def test_what_is_held_back_behind_one_message_is_bounded(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 60
    monkeypatch.setattr(intake, "PENDING_MAX", most)
    endpoint = await post.endpoint()
    post.receiver.script = failing()
    total = most + 20
    post.tell(*["a"] * total)
    for _ in range(8):
        await post.turn(after=SECOND)
    assert len(await post.log(endpoint, "pending")) == most
    post.receiver.script = answering()
    post.receiver.messages.clear()
    while len(post.receiver.messages) < total:
        await post.turn(after=HOUR)
    assert [sequence for sequence, _ in post.got] == list(range(1, total + 1))


async def test_an_event_that_is_kept_no_longer_is_given_up_at_once(post: Post) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing("a")
    post.tell("a")
    await post.turn()
    post.streams.events[post.tenant_id, STREAM].clear()
    await post.turn(after=MINUTE)
    [delivery] = await post.log(endpoint)
    assert (delivery.status, delivery.error) == ("failed", "event_gone")


async def test_a_ping_passes_every_filter(post: Post) -> None:
    endpoint = await post.endpoint(event_types=["nothing.like.it"])
    answer = await post.deliveries.ping(post.call(), endpoint)
    delivery = answer.value(WebhookDelivery)
    await post.turn()
    [message] = post.receiver.messages
    assert message.content["type"] == "webhook.ping"
    assert message.content["data"] == {"webhook_endpoint": str(endpoint)}
    assert message.id == delivery.message_id
    assert [each.status for each in await post.log(endpoint)] == ["delivered"]


async def test_what_is_too_large_to_send_is_told_of_without_its_data(post: Post) -> None:
    await post.endpoint()
    post.tell("a")
    [event] = post.streams.events[post.tenant_id, STREAM]
    large = msgspec.structs.replace(event, data=msgspec.Raw(b'"' + b"x" * 300_000 + b'"'))
    post.streams.events[post.tenant_id, STREAM] = [large]
    await post.turn()
    [message] = post.receiver.messages
    assert (message.content["object"], message.content["data"]) == ("a", None)
