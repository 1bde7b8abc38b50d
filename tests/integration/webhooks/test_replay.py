"""Sending again: one message, or everything after a place, with the same identifiers."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from bezant.kernel.calls import RefusedAnswer
from bezant.kernel.webhooks import Dispatcher, WebhookDelivery
from bezant.kernel.webhooks.schemas import WebhookReplayed
from fixtures_webhooks import STREAM, Post
from receivers import answering, failing, status


async def test_a_delivery_is_sent_again_with_its_own_identifier(post: Post) -> None:
    endpoint = await post.endpoint()
    post.tell("a", "b")
    await post.turn()
    [first, _] = await post.log(endpoint)
    again = (await post.replay(endpoint, first.id)).value(WebhookDelivery)
    assert (again.replay_of, again.message_id) == (first.id, first.message_id)
    await post.turn()
    assert post.receiver.messages[-1].id == first.message_id
    assert [each.status for each in await post.log(endpoint)] == ["delivered"] * 3


async def test_a_replay_that_fails_holds_back_nobody(post: Post) -> None:
    endpoint = await post.endpoint()
    post.tell("a")
    await post.turn()
    [first] = await post.log(endpoint)
    await post.replay(endpoint, first.id)
    post.receiver.script = answering(status(500))
    await post.turn()
    post.tell("a")
    await post.turn()
    assert post.got == [(1, "a"), (1, "a"), (2, "a")]


async def test_what_was_given_up_can_be_sent_again(post: Post) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = failing("a")
    post.tell("a")
    for _ in range(100):
        post.tell("other")  # the endpoint is well, the message is not
        await post.turn(after=timedelta(hours=1))
    [given_up] = await post.log(endpoint, "failed")
    post.receiver.script = answering()
    await post.replay(endpoint, given_up.id)
    await post.turn()
    assert post.receiver.messages[-1].id == given_up.message_id


async def test_everything_after_a_place_is_sent_again_in_order(post: Post) -> None:
    endpoint = await post.endpoint()
    post.tell("a", "a", "b", "a", "a")
    await post.turn()
    ids = {m.content["sequence"]: m.id for m in post.receiver.messages}
    post.receiver.messages.clear()
    answer = await post.replay_from(endpoint, 2)
    assert answer.value(WebhookReplayed) == WebhookReplayed(STREAM, 2)
    await post.turn()
    assert sorted(post.got) == [(3, "b"), (4, "a"), (5, "a")]
    assert [sequence for sequence, key in post.got if key == "a"] == [4, 5]
    assert all(ids[m.content["sequence"]] == m.id for m in post.receiver.messages)


async def test_what_waits_is_not_sent_twice_by_a_replay(post: Post) -> None:
    endpoint = await post.endpoint()
    post.receiver.script = lambda _: status(500)
    post.tell("a", "a", "a")
    await post.turn()
    post.receiver.script = answering()
    post.receiver.messages.clear()
    await post.replay_from(endpoint, 1)
    await post.turn(after=timedelta(minutes=1))
    assert post.got == [(1, "a"), (2, "a"), (3, "a")]


async def test_a_replay_fences_the_courier_that_is_at_work(post: Post) -> None:
    endpoint = await post.endpoint()
    post.tell("a")
    other = Dispatcher(post.means)

    class Meanwhile:
        is_done = False

    async def script_side() -> None:
        if not Meanwhile.is_done:
            Meanwhile.is_done = True
            await post.replay_from(endpoint, 0)

    async def answer(writer: asyncio.StreamWriter) -> None:
        await script_side()
        writer.write(status(204))
        await writer.drain()

    post.receiver.script = lambda _: answer
    # The first courier's record is refused, since the endpoint was set back while it sent.
    await post.turn()
    await other.turn()
    assert post.got == [(1, "a"), (1, "a")]
    assert [each.status for each in await post.log(endpoint)] == ["delivered"]


async def test_replays_that_make_no_sense_are_refused(post: Post) -> None:
    endpoint = await post.endpoint()
    post.tell("a")
    post.receiver.script = lambda _: status(500)
    await post.turn()
    [pending] = await post.log(endpoint)
    for code, answer in (
        ("WEBHOOK_DELIVERY_PENDING", await post.replay(endpoint, pending.id)),
        ("WEBHOOK_DELIVERY_NOT_FOUND", await post.replay(endpoint, uuid4())),
        ("WEBHOOK_ENDPOINT_NOT_FOUND", await post.replay(uuid4(), pending.id)),
        ("REPLAY_AHEAD", await post.replay_from(endpoint, 2)),
        ("WEBHOOK_STREAM_UNKNOWN", await post.replay_from(endpoint, 0, "test:none")),
        ("WEBHOOK_ENDPOINT_NOT_FOUND", await post.replay_from(uuid4(), 0)),
    ):
        with pytest.raises(RefusedAnswer, match=code):
            answer.value(WebhookReplayed)
    await post.change(endpoint, status="disabled")
    with pytest.raises(RefusedAnswer, match="WEBHOOK_ENDPOINT_DISABLED"):
        (await post.deliveries.ping(post.call(), endpoint)).value(WebhookDelivery)


async def test_the_log_keeps_what_waits_and_a_bounded_past(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bezant.kernel.webhooks.dispatcher.DELIVERIES_KEPT_MAX", 5)
    endpoint = await post.endpoint()
    post.receiver.script = failing("x")
    post.tell("x", *(f"object-{number}" for number in range(20)))
    await post.turn()
    log = await post.log(endpoint)
    assert [each.status for each in log] == ["pending", *["delivered"] * 6]
    assert [each.sequence for each in log] == [1, 16, 17, 18, 19, 20, 21]
