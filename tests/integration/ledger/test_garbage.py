"""A batch leaves nothing behind that only a collection of cycles would free."""

import gc
from collections.abc import Iterator

import pytest

from bezant.ledger.lane.draft import Draft
from fixtures_ledger import IDS, Bank


@pytest.fixture
def kept_garbage() -> Iterator[list[object]]:
    """What is found in cycles that nobody reaches, since the last test."""
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()


async def test_a_batch_is_free_once_it_is_answered(bank: Bank, kept_garbage: list[object]) -> None:
    """Collections stop a worker, the longer the more cycles there are."""
    for _ in range(3):
        answer = await bank.post(bank.leg("world", "alice", 1), id=IDS.new())
        assert answer.status == 201
    gc.collect()
    assert not [found for found in kept_garbage if isinstance(found, Draft)]
