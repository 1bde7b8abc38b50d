"""What waits for a lane is taken fairly, and never without bound."""

import asyncio
from uuid import UUID

import pytest

from bezant.kernel.calls import Call
from bezant.kernel.errors import Busy
from bezant.ledger import PostTransaction, schemas
from bezant.ledger.lane.queue import (
    BATCH_WEIGHT_MAX,
    QUEUE_WEIGHT_MAX,
    SMALL_WEIGHT_MAX,
    Item,
    Queue,
)

CALL = Call(UUID(int=1), UUID(int=2), "key:test", "test", "/test", "test")


def item(weight: int) -> Item:
    leg = schemas.Posting("a", "b", "EUR", "1")
    rider = PostTransaction(schemas.NewTransaction([leg] * weight))
    assert rider.weight == weight
    done = asyncio.new_event_loop().create_future()
    done.get_loop().close()
    return Item(rider, CALL, weight, done)


def weights(batch: list[Item]) -> list[int]:
    return [each.weight for each in batch]


def test_small_items_share_a_batch_in_their_order() -> None:
    queue = Queue()
    for weight in (1, 2, 3):
        queue.put(item(weight))
    assert weights(queue.take()) == [1, 2, 3]
    assert len(queue) == 0


def test_a_batch_takes_no_more_postings_than_its_limit() -> None:
    queue = Queue()
    count = BATCH_WEIGHT_MAX // SMALL_WEIGHT_MAX
    for _ in range(count + 5):
        queue.put(item(SMALL_WEIGHT_MAX))
    assert len(queue.take()) == count
    assert len(queue.take()) == 5


def test_bulk_items_share_a_batch_as_far_as_they_fit() -> None:
    queue = Queue()
    bulk = BATCH_WEIGHT_MAX // 2
    for _ in range(3):
        queue.put(item(bulk))
    assert weights(queue.take()) == [bulk, bulk]
    assert weights(queue.take()) == [bulk]
    assert queue.weight == 0


def test_a_small_item_waits_for_one_bulk_batch_at_the_most() -> None:
    queue = Queue()
    bulk = BATCH_WEIGHT_MAX
    for _ in range(3):
        queue.put(item(bulk))
    assert weights(queue.take()) == [bulk]
    queue.put(item(1))
    assert weights(queue.take()) == [1]


def test_a_bulk_item_waits_for_one_batch_of_small_ones_at_the_most() -> None:
    queue = Queue()
    bulk = SMALL_WEIGHT_MAX + 1
    queue.put(item(1))
    queue.put(item(bulk))
    assert weights(queue.take()) == [1]
    queue.put(item(1))
    assert weights(queue.take()) == [bulk]
    assert weights(queue.take()) == [1]


def test_a_bulk_batch_that_was_taken_gives_way_once() -> None:
    queue = Queue()
    bulk = item(BATCH_WEIGHT_MAX)
    queue.put(bulk)
    batch = queue.take()
    assert not queue.give_way(batch), "nobody wants to go first"
    queue.put(item(1))
    assert queue.give_way(batch)
    assert queue.weight == BATCH_WEIGHT_MAX + 1
    assert weights(queue.take()) == [1]
    assert queue.take() == [bulk]
    queue.put(item(1))
    assert not queue.give_way([bulk]), "it gave way before"


def test_a_batch_that_gives_way_keeps_its_place_before_other_bulk() -> None:
    queue = Queue()
    first, second, third = (item(BATCH_WEIGHT_MAX // 2) for _ in range(3))
    for each in (first, second, third):
        queue.put(each)
    batch = queue.take()
    queue.put(item(1))
    assert queue.give_way(batch)
    queue.take()
    assert queue.take() == [first, second]


def test_bulk_is_put_off_as_long_as_small_items_come_between() -> None:
    queue = Queue()
    for _ in range(4):
        queue.put(item(BATCH_WEIGHT_MAX))
    batch = queue.take()
    assert not queue.is_next_put_off(batch)
    queue.put(item(1))
    assert not queue.is_next_put_off(batch), "the small item is next"
    assert not queue.is_next_put_off(queue.take()), "small ones are quickly written"
    batch = queue.take()
    assert queue.is_next_put_off(batch), "one came before the batch that was taken"
    assert not queue.is_next_put_off(queue.take()), "none came since"


def test_small_items_give_way_to_nobody() -> None:
    queue = Queue()
    queue.put(item(1))
    batch = queue.take()
    queue.put(item(1))
    assert not queue.give_way(batch)


def test_an_item_larger_than_a_batch_is_taken_alone() -> None:
    queue = Queue()
    queue.put(item(BATCH_WEIGHT_MAX * 2))
    assert weights(queue.take()) == [BATCH_WEIGHT_MAX * 2]


def test_beyond_the_limit_callers_are_told_to_come_back() -> None:
    queue = Queue()
    for _ in range(QUEUE_WEIGHT_MAX // BATCH_WEIGHT_MAX):
        queue.put(item(BATCH_WEIGHT_MAX))
    with pytest.raises(Busy) as busy:
        queue.put(item(1))
    assert busy.value.retry_after_s >= 1
    queue.take()
    queue.put(item(1))


def test_a_drained_queue_is_empty_and_takes_anew() -> None:
    queue = Queue()
    for _ in range(QUEUE_WEIGHT_MAX // BATCH_WEIGHT_MAX):
        queue.put(item(BATCH_WEIGHT_MAX))
    assert len(queue.drain()) == QUEUE_WEIGHT_MAX // BATCH_WEIGHT_MAX
    queue.put(item(BATCH_WEIGHT_MAX))
    assert len(queue) == 1
